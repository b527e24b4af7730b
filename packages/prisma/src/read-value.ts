/** What mysql2 gives a `typeCast` to read a value with. */
export interface ValueReader {
  readonly type: string
  /** MariaDB's JSON is a LONGTEXT with this format. */
  readonly extendedFormat?: string
  string(encoding?: string): string | null
  buffer(): Buffer | null
}

/**
 * How each value is read, as mysql2's `typeCast`: what JavaScript has no number for stays text. Whatever the pool's own options say
 * about dates, decimals, big numbers or JSON holds for the application's other statements, not for Prisma's.
 *
 * It never throws, since mysql2 calls it while it takes a packet apart.
 */
export function readValue(field: ValueReader, next: () => unknown): unknown {
  switch (field.type) {
    case 'LONGLONG':
    case 'DECIMAL':
    case 'NEWDECIMAL':
    case 'DATE':
    case 'NEWDATE':
    case 'TIME':
    case 'DATETIME':
    case 'TIMESTAMP':
      return field.string('ascii')
    case 'FLOAT':
    case 'DOUBLE':
      return numberOf(field.string('ascii'))
    case 'JSON':
      return field.string('utf8')
    case 'BIT':
    case 'GEOMETRY':
    case 'VECTOR':
      return field.buffer()
    default:
      return field.extendedFormat === 'json' ? field.string() : next()
  }
}

/** Exact to the last digit, which mysql2's own reading of floating-point numbers is not. */
function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text)
}
