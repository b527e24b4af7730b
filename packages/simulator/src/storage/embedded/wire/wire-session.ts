import type { ResultColumn } from '../compile/compile-query.js'
import type { TypedValue } from '../compile/emission.js'
import { Session, type SessionEnvironment } from '../session/session.js'
import type { StatementResult } from '../session/statement-result.js'
import type { ParsedStatement } from '../sql/parse-statement.js'
import { SqlError } from '../sql-error.js'
import { columnDefinition, parameterDefinition } from './column-definition.js'
import {
  authSwitch,
  createChallenge,
  greeting,
  isProofRight,
  isUtf8Charset,
  type LoginRequest,
  readChangeUser,
  readLogin,
} from './login.js'
import { framePackets, PacketSplitter } from './packet-framing.js'
import { PayloadReader } from './payload-reader.js'
import { PayloadWriter } from './payload-writer.js'
import { AUTH_PLUGIN, CAPABILITY, COMMAND, STATUS } from './protocol.js'
import { eofPayload, errorPayload, okPayload, preparedPayload } from './replies.js'
import { binaryRow, textRow } from './result-rows.js'
import { SessionStream } from './session-stream.js'
import { type DeclaredType, readParameters } from './statement-parameters.js'

/** What a session asks of the storage that it belongs to. */
export interface WireEnvironment extends SessionEnvironment {
  /** The password of a user who may log in; undefined for one who may not. */
  passwordOf(user: string): string | undefined
  /** Parses a text; the trees are shared by all sessions. */
  parse(text: string, several: boolean): readonly ParsedStatement[]
  forget(session: WireSession): void
}

interface PreparedStatement {
  readonly parsed: ParsedStatement
  readonly longData: Map<number, Buffer>
  types: readonly DeclaredType[] | undefined
}

/** One connection of a client: the server's side of the MySQL protocol. */
export class WireSession {
  readonly id: number
  readonly stream: SessionStream
  readonly session: Session
  readonly #environment: WireEnvironment
  readonly #challenge = createChallenge()
  readonly #prepared = new Map<number, PreparedStatement>()
  #waiting: Buffer[] = []
  #isBusy = false
  #isClosed = false
  #isLoggedIn = false
  #pendingLogin: LoginRequest | undefined
  #capabilities = 0
  #multiStatements = false
  #statementCount = 0
  #sequence = 0

  constructor(environment: WireEnvironment, id: number) {
    this.id = id
    this.#environment = environment
    this.session = new Session(environment, id)
    const splitter = new PacketSplitter((payload, sequence) => {
      this.#sequence = sequence + 1
      this.#receive(payload)
    })
    this.stream = new SessionStream(
      (chunk) => {
        if (!this.#isClosed) splitter.push(chunk)
      },
      () => this.close(),
    )
    this.#send(greeting(id, this.#challenge))
  }

  /** Ends the session: what was open is rolled back. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#waiting = []
    this.session.close()
    this.#environment.forget(this)
    this.stream.finish()
  }

  #send(...payloads: readonly Buffer[]): void {
    const packets: Buffer[] = []
    for (const payload of payloads) {
      const framed = framePackets(payload, this.#sequence)
      this.#sequence = (this.#sequence + framed.length / 2) & 0xff
      packets.push(...framed)
    }
    this.stream.send(Buffer.concat(packets))
  }

  /** Commands run one after the other, whatever a client pipelines. */
  #receive(payload: Buffer): void {
    this.#waiting.push(payload)
    if (!this.#isBusy) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    for (let payload = this.#waiting.shift(); payload; payload = this.#waiting.shift()) {
      try {
        if (this.#isLoggedIn) await this.#command(payload)
        else this.#login(payload)
      } catch (error) {
        if (!this.#isClosed) this.#send(errorPayload(asSqlError(error)))
        if (!this.#isLoggedIn) this.close()
      }
    }
    this.#isBusy = false
  }

  #login(payload: Buffer): void {
    const pending = this.#pendingLogin
    const request = pending
      ? { ...pending, proof: payload, plugin: AUTH_PLUGIN }
      : readLogin(payload)
    if (!(request.capabilities & CAPABILITY.PROTOCOL_41)) {
      throw new SqlError(
        1251,
        '08004',
        'Client does not support authentication protocol requested by server',
      )
    }
    if (request.plugin !== AUTH_PLUGIN) {
      this.#pendingLogin = request
      this.#send(authSwitch(this.#challenge))
      return
    }
    this.#pendingLogin = undefined
    this.#authenticate(request)
    this.#capabilities = request.capabilities
    this.#multiStatements = (request.capabilities & CAPABILITY.MULTI_STATEMENTS) !== 0
    this.#isLoggedIn = true
    this.#ok()
  }

  #authenticate(request: LoginRequest): void {
    const password = this.#environment.passwordOf(request.user)
    if (password === undefined || !isProofRight(request.proof, password, this.#challenge)) {
      const using = request.proof.length > 0 ? 'YES' : 'NO'
      throw new SqlError(
        1045,
        '28000',
        `Access denied for user '${request.user}'@'localhost' (using password: ${using})`,
      )
    }
    if (!isUtf8Charset(request.charset)) {
      throw new SqlError(1115, '42000', `Unknown character set: '${request.charset}'`)
    }
    this.session.user = request.user
    this.session.database = undefined
    if (request.database !== undefined) this.session.use(request.database)
  }

  async #command(payload: Buffer): Promise<void> {
    const body = payload.subarray(1)
    switch (payload[0]) {
      case COMMAND.QUIT:
        return this.close()
      case COMMAND.PING:
        return this.#ok()
      case COMMAND.INIT_DB:
        this.session.use(body.toString('utf8'))
        return this.#ok()
      case COMMAND.QUERY:
        return this.#query(body.toString('utf8'))
      case COMMAND.STMT_PREPARE:
        return this.#prepare(body.toString('utf8'))
      case COMMAND.STMT_EXECUTE:
        return this.#execute(body)
      case COMMAND.STMT_SEND_LONG_DATA:
        return this.#longData(body)
      case COMMAND.STMT_CLOSE:
        this.#prepared.delete(body.readUInt32LE(0))
        return
      case COMMAND.STMT_RESET:
        this.#statement(body.readUInt32LE(0)).longData.clear()
        return this.#ok()
      case COMMAND.SET_OPTION:
        this.#multiStatements = body.readUInt16LE(0) === 0
        return this.#send(eofPayload(this.#status()))
      case COMMAND.RESET_CONNECTION:
        this.session.reset()
        this.#prepared.clear()
        return this.#ok()
      case COMMAND.CHANGE_USER:
        return this.#changeUser(body)
      default:
        throw new SqlError(1047, '08S01', 'Unknown command')
    }
  }

  #changeUser(body: Buffer): void {
    const request = readChangeUser(body, this.#capabilities)
    this.session.reset()
    this.#prepared.clear()
    this.#isLoggedIn = false
    if (request.plugin !== AUTH_PLUGIN) {
      this.#pendingLogin = request
      this.#send(authSwitch(this.#challenge))
      return
    }
    this.#authenticate(request)
    this.#isLoggedIn = true
    this.#ok()
  }

  #status(more = false): number {
    const { session } = this
    let status = session.isAutocommit ? STATUS.AUTOCOMMIT : 0
    if (session.isInTransaction) status |= STATUS.IN_TRANSACTION
    if (session.isInReadOnlyTransaction) status |= STATUS.IN_READ_ONLY_TRANSACTION
    return more ? status | STATUS.MORE_RESULTS : status
  }

  #ok(): void {
    this.#send(
      okPayload({ affectedRows: 0n, insertId: 0n, status: this.#status(), warnings: 0, info: '' }),
    )
  }

  async #query(text: string): Promise<void> {
    const statements = this.#environment.parse(text, this.#multiStatements)
    if (statements.length === 0) throw new SqlError(1065, '42000', 'Query was empty')
    for (const [index, { statement, parameterCount }] of statements.entries()) {
      // A `?` outside a prepared statement is no value.
      if (parameterCount > 0) throw placeholderOutsidePrepare(text)
      const result = await this.session.run(statement, [])
      if (this.#isClosed) return
      this.#answer(result, textRow, index + 1 < statements.length)
    }
  }

  #answer(result: StatementResult, encode: typeof textRow, more: boolean): void {
    const status = this.#status(more)
    if (result.kind === 'done') {
      const { matched, changed, insertId, info, warnings } = result
      const affectedRows = this.#capabilities & CAPABILITY.FOUND_ROWS ? matched : changed
      return this.#send(okPayload({ affectedRows, insertId, status, warnings, info }))
    }
    const payloads = [new PayloadWriter(9).lengthInteger(result.columns.length).finish()]
    this.#describeColumns(payloads, result.columns, status)
    for (const row of result.rows) payloads.push(encode(result.columns, row))
    payloads.push(this.#endOfRows(status))
    this.#send(...payloads)
  }

  #describeColumns(payloads: Buffer[], columns: readonly ResultColumn[], status: number): void {
    const { database } = this.#environment.catalog
    for (const column of columns) payloads.push(columnDefinition(column, database))
    if (!(this.#capabilities & CAPABILITY.DEPRECATE_EOF)) payloads.push(eofPayload(status))
  }

  #endOfRows(status: number): Buffer {
    if (!(this.#capabilities & CAPABILITY.DEPRECATE_EOF)) return eofPayload(status)
    return okPayload({
      affectedRows: 0n,
      insertId: 0n,
      status,
      warnings: 0,
      info: '',
      header: 0xfe,
    })
  }

  #prepare(text: string): void {
    const [parsed] = this.#environment.parse(text, false)
    if (!parsed) throw new SqlError(1065, '42000', 'Query was empty')
    const plan = this.session.describe(parsed)
    const columns = plan?.kind === 'query' ? plan.columns : []
    const id = ++this.#statementCount
    this.#prepared.set(id, { parsed, longData: new Map(), types: undefined })
    const payloads = [preparedPayload(id, columns.length, parsed.parameterCount)]
    const status = this.#status()
    const hasEof = !(this.#capabilities & CAPABILITY.DEPRECATE_EOF)
    if (parsed.parameterCount > 0) {
      for (let index = 0; index < parsed.parameterCount; index++)
        payloads.push(parameterDefinition())
      if (hasEof) payloads.push(eofPayload(status))
    }
    if (columns.length > 0) this.#describeColumns(payloads, columns, status)
    this.#send(...payloads)
  }

  #statement(id: number): PreparedStatement {
    const statement = this.#prepared.get(id)
    if (statement) return statement
    throw new SqlError(1243, 'HY000', `Unknown prepared statement handler (${id}) given to EXECUTE`)
  }

  async #execute(body: Buffer): Promise<void> {
    const reader = new PayloadReader(body)
    const prepared = this.#statement(reader.uint32())
    const cursor = reader.uint8()
    if (cursor !== 0)
      throw new SqlError(
        1235,
        '42000',
        "This version of the simulator's embedded storage doesn't yet support 'cursors'",
      )
    reader.skip(4)
    let values: readonly TypedValue[] = []
    const { parsed } = prepared
    if (parsed.parameterCount > 0) {
      const read = this.#readParameters(reader, prepared)
      prepared.types = read.types
      prepared.longData.clear()
      values = read.values
    }
    const result = await this.session.run(parsed.statement, values)
    if (!this.#isClosed) this.#answer(result, binaryRow, false)
  }

  #readParameters(reader: PayloadReader, prepared: PreparedStatement) {
    const { parsed, types, longData } = prepared
    try {
      return readParameters(reader, parsed.parameterCount, types, longData)
    } catch (error) {
      // The client gave fewer values than the statement has places.
      if (!(error instanceof RangeError)) throw error
      throw new SqlError(1210, 'HY000', 'Incorrect arguments to mysqld_stmt_execute')
    }
  }

  #longData(body: Buffer): void {
    const statement = this.#prepared.get(body.readUInt32LE(0))
    const index = body.readUInt16LE(4)
    const before = statement?.longData.get(index) ?? Buffer.alloc(0)
    statement?.longData.set(index, Buffer.concat([before, body.subarray(6)]))
  }
}

function placeholderOutsidePrepare(text: string): SqlError {
  const at = text.indexOf('?')
  return new SqlError(
    1064,
    '42000',
    `You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '${text.slice(at, at + 80)}' at line 1`,
  )
}

/** Errors of ours go out as they are; anything else is a fault of the storage itself. */
function asSqlError(error: unknown): SqlError {
  if (error instanceof SqlError) return error
  if (error instanceof RangeError) {
    return new SqlError(1835, 'HY000', 'Malformed communication packet.')
  }
  const message = error instanceof Error ? error.message : String(error)
  return new SqlError(1105, 'HY000', `Embedded storage: ${message}`)
}
