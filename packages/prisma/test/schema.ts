/** The models that these tests speak of, as Prisma's schema has them. */
export const MODELS = `
model Person {
  id    Int     @id @default(autoincrement())
  email String  @unique(map: "person_email_key")
  name  String?
  notes Note[]
}

model Note {
  id       BigInt   @id @default(autoincrement())
  text     String   @db.VarChar(20)
  likes    Int      @default(0)
  at       DateTime @default(now()) @db.DateTime(6)
  person   Person   @relation(fields: [personId], references: [id])
  personId Int

  @@index([personId])
}

enum Mood {
  calm
  merry @map("very merry")
}

model Sample {
  id        Int       @id @default(autoincrement())
  int       Int?
  uint      Int?      @db.UnsignedInt
  small     Int?      @db.SmallInt
  year      Int?      @db.Year
  big       BigInt?
  ubig      BigInt?   @db.UnsignedBigInt
  double    Float?
  float     Float?    @db.Float
  decimal   Decimal?  @db.Decimal(65, 30)
  flag      Boolean?
  bit       Boolean?  @db.Bit(1)
  text      String?   @db.Text
  char      String?   @db.Char(10)
  mood      Mood?
  json      Json?
  bytes     Bytes?    @db.Blob
  binary    Bytes?    @db.Binary(4)
  bits      Bytes?    @db.Bit(12)
  moment    DateTime? @db.DateTime(3)
  precise   DateTime? @db.DateTime(6)
  stamp     DateTime? @db.Timestamp(0)
  day       DateTime? @db.Date
  hour      DateTime? @db.Time(3)
}

model Event {
  at      DateTime @id @db.DateTime(6)
  name    String
  entries Entry[]
}

model Entry {
  id      Int      @id @default(autoincrement())
  eventAt DateTime @db.DateTime(6)
  event   Event    @relation(fields: [eventAt], references: [at])
}
`

/** The same as tables. */
export const TABLES = [
  `CREATE TABLE Person (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(191) NOT NULL, name VARCHAR(191), UNIQUE KEY person_email_key (email))`,
  `CREATE TABLE Note (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(20) NOT NULL, likes INT NOT NULL DEFAULT 0,
    at DATETIME(6) NOT NULL, personId INT NOT NULL, KEY (personId),
    CONSTRAINT note_person FOREIGN KEY (personId) REFERENCES Person (id))`,
  `CREATE TABLE Sample (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, \`int\` INT, uint INT UNSIGNED, small SMALLINT, year YEAR, big BIGINT,
    ubig BIGINT UNSIGNED, \`double\` DOUBLE, \`float\` FLOAT, \`decimal\` DECIMAL(65, 30), flag TINYINT(1), bit BIT(1), text TEXT,
    \`char\` CHAR(10), mood ENUM('calm', 'very merry'), json JSON, bytes BLOB, \`binary\` BINARY(4), bits BIT(12),
    moment DATETIME(3), precise DATETIME(6), stamp TIMESTAMP NULL, day DATE, \`hour\` TIME(3))`,
  'CREATE TABLE Event (at DATETIME(6) NOT NULL PRIMARY KEY, name VARCHAR(191) NOT NULL)',
  `CREATE TABLE Entry (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, eventAt DATETIME(6) NOT NULL,
    CONSTRAINT entry_event FOREIGN KEY (eventAt) REFERENCES Event (at))`,
]

type Row = Record<string, unknown>
type Call<Result> = (args?: object) => Promise<Result>

/** What these tests call of a model. */
export interface Model {
  readonly create: Call<Row>
  readonly createMany: Call<{ readonly count: number }>
  readonly upsert: Call<Row>
  readonly update: Call<Row>
  readonly updateMany: Call<{ readonly count: number }>
  readonly delete: Call<Row>
  readonly deleteMany: Call<{ readonly count: number }>
  readonly findMany: Call<Row[]>
  readonly findFirst: Call<Row | null>
  readonly findUnique: Call<Row | null>
  readonly count: Call<number>
  readonly aggregate: Call<Record<string, Row>>
  readonly groupBy: Call<Row[]>
}

/** What is there inside of a transaction too. */
export interface Models {
  readonly person: Model
  readonly note: Model
  readonly sample: Model
  readonly event: Model
  readonly entry: Model
  $queryRaw(strings: unknown, ...values: unknown[]): Promise<Row[]>
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Row[]>
  $executeRaw(strings: unknown, ...values: unknown[]): Promise<number>
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>
  $transaction<T>(work: (tx: Models) => Promise<T>, options?: TransactionOptions): Promise<T>
}

export interface TransactionOptions {
  readonly maxWait?: number
  readonly timeout?: number
  readonly isolationLevel?: string
}

/** The generated client, as far as these tests know it. */
export interface Client extends Models {
  $connect(): Promise<void>
  $disconnect(): Promise<void>
  $transaction<T>(work: (tx: Models) => Promise<T>, options?: TransactionOptions): Promise<T>
  $transaction(statements: readonly unknown[], options?: TransactionOptions): Promise<unknown[]>
}
