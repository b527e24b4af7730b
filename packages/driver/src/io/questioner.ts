import type { LookupFunction } from 'node:net'
import type { ConnectionConfig, CoreConnection, Transport } from '../contract/mysql2.js'
import type { PasswordTarget } from '../contract/options.js'
import type { Endpoint } from '../model/endpoint.js'
import { parseTopologyRows } from '../model/parse-topology-rows.js'
import type { TopologyReport } from '../model/topology.js'
import { classifyError } from '../policy/classify-error.js'
import { isTopologyRefusal } from '../policy/topology-refusal.js'
import { monotonicMs } from './clock.js'
import { lostError } from './connection.js'
import { type ConnectionOwner, openConnection } from './open-connection.js'
import { type Life, type Patience, watchLife } from './patience.js'
import { sayGoodbye } from './say-goodbye.js'

/**
 * Identity, role and table in one round trip, so that no two moments are compared.
 * Ages are computed by the server: the column has no zone (AWS: AuroraMySQL.Reference.ISTables). The outer join gives the identity
 * even when the table shows no row. Every column is aliased, since a view names its columns its own way.
 */
const TOPOLOGY_QUESTION =
  'SELECT @@aurora_server_id AS answered_by, @@innodb_read_only AS read_only, h.server_id AS server_id, ' +
  'h.session_id AS session_id, TIMESTAMPDIFF(MICROSECOND, h.last_update_timestamp, NOW(6)) AS age_us, ' +
  'h.replica_lag_in_milliseconds AS lag_ms, h.cpu AS cpu ' +
  'FROM (SELECT 1 AS one) AS one LEFT JOIN information_schema.replica_host_status AS h ON 1 = 1'

/** `innodb_read_only` is the role signal; `read_only` is not (AWS: AuroraMySQL.BestPractices). */
const ROLE_QUESTION = 'SELECT @@innodb_read_only AS read_only'

/** Asked on a connection that is about to carry statements: who is there, and in which role. */
const IDENTITY_QUESTION =
  'SELECT @@aurora_server_id AS answered_by, @@innodb_read_only AS read_only'

/** No row: not Aurora. An error proves nothing. */
const AURORA_QUESTION = "SHOW GLOBAL VARIABLES LIKE 'aurora_version'"

/** By this connect attribute an operator tells our questions from an application's sessions. */
const MONITOR_ATTRIBUTE = { aurora_mysql2_role: 'monitor' }

/** Results in one known shape, whatever the pool's options are. */
const PLAIN_RESULTS = {
  rowsAsArray: false,
  nestTables: undefined,
  typeCast: true,
  namedPlaceholders: false,
  queryFormat: undefined,
  // Our own deadline covers the connect; mysql2's timer would hold the process.
  connectTimeout: 0,
  database: undefined,
}

/** A connection of somebody else's, for one question. */
export interface Borrowed {
  readonly core: CoreConnection
  giveBack(): void
}

export interface QuestionerTarget {
  readonly endpoint: Endpoint
  readonly lookup: LookupFunction
  readonly config: ConnectionConfig
  readonly password: ((target: PasswordTarget) => string | Promise<string>) | undefined
  /** An idle connection of the pool to this endpoint, for when no other can be opened: those that there may be are ours already. */
  borrow(): Borrowed | undefined
  /** A connection that had been open was closed by the other side, or by a question that was not answered. */
  onLost(): void
  /** Runs something outside any caller's asynchronous context. */
  outside<T>(work: () => T): T
}

type Row = Readonly<Record<string, unknown>>

interface Answer {
  readonly rows: readonly Row[]
  readonly askedAtMs: number
}

/**
 * Asks one endpoint questions on a connection of its own, kept open between them: never lent, not in the pool's counts, without a
 * `connection` event. One question is under way at a time.
 */
export class Questioner implements ConnectionOwner {
  readonly endpoint: Endpoint
  readonly #target: QuestionerTarget
  #core: CoreConnection | undefined
  /** The connection that is being opened, and its socket once there is one. */
  #opening: Promise<CoreConnection> | undefined
  #socket: Transport | undefined
  #isClosed = false
  #connectedMs = Number.NEGATIVE_INFINITY
  #pending: Promise<TopologyReport> | undefined
  /** When the connection last said something. */
  #heardMs = Number.NEGATIVE_INFINITY
  #idleMs = 0
  /** Gives up on the question under way without closing what it was put on. */
  #giveUp: ((error: Error) => void) | undefined
  #isAside = false

  constructor(target: QuestionerTarget) {
    this.endpoint = target.endpoint
    this.#target = target
  }

  /** A topology question is under way: another joins it. */
  get isAsking(): boolean {
    return this.#pending !== undefined
  }

  /** It has a connection that is open. */
  get isOpen(): boolean {
    return this.#core !== undefined
  }

  /** It has been put aside: what it says counts as a sign of life only. */
  get isAside(): boolean {
    return this.#isAside
  }

  /** For how long the connection had said nothing when the last question was put on it. */
  get idleMs(): number {
    return this.#idleMs
  }

  /** When its host last took a connection, whether or not a server greeted on it. */
  get connectedMs(): number {
    return this.#connectedMs
  }

  /** Bytes that the endpoint has sent on this connection. */
  get bytesRead(): number {
    return this.#core?.stream.bytesRead ?? this.#socket?.bytesRead ?? 0
  }

  /**
   * Joins the question under way, or asks. Unanswered for longer than `within` says, the connection is closed. An instance that shows no topology
   * (a privilege was taken away) still says who and what it is: then the report has no rows.
   */
  topology(within: Patience): Promise<TopologyReport> {
    return this.#once(async () => {
      try {
        return await this.#rows(TOPOLOGY_QUESTION, within)
      } catch (error) {
        if (!isTopologyRefusal(error)) throw error
        return await this.#rows(IDENTITY_QUESTION, within).catch(() => {
          throw error
        })
      }
    }, toReport)
  }

  /** Only the role, where there is no topology to ask for (one endpoint, a proxy). `answeredBy` is the endpoint's name. */
  role(within: Patience): Promise<TopologyReport> {
    return this.#once(
      () => this.#rows(ROLE_QUESTION, within),
      (rows, askedAtMs) => ({
        askedAtMs,
        answeredBy: this.endpoint.host,
        isReadOnly: isOn(rows[0]?.read_only),
        rows: [],
      }),
    )
  }

  /** False only after a definite empty answer. */
  async isAurora(within: Patience): Promise<boolean> {
    const { rows } = await this.#rows(AURORA_QUESTION, within)
    return rows.length > 0
  }

  /** The address that answered; undefined while nothing is open. */
  get address(): string | undefined {
    return this.#core?.stream.remoteAddress
  }

  /**
   * The question under way is not answered on the connection that was open for it: it fails, and the connection, which is returned, is
   * listened to for as long as it had to answer. Undefined where no such question is under way.
   */
  putAside(): Transport | undefined {
    if (this.#core === undefined || this.#giveUp === undefined || this.#isAside) return undefined
    this.#isAside = true
    this.#giveUp(lostError('The question is put again on a new connection'))
    return this.#core.stream
  }

  /** Ends the connection; a question under way fails. */
  close(): void {
    this.#isClosed = true
    if (this.isOpen && !this.isAsking && !this.#isAside) return this.#leave()
    this.#drop(lostError('The question was withdrawn'))
  }

  get _closed(): boolean {
    return this.#isClosed
  }

  _removeConnection(core: unknown): void {
    if (this.#core === core) this.#core = undefined
  }

  releaseConnection(): void {}

  #once(
    ask: () => Promise<Answer>,
    read: (rows: readonly Row[], askedAtMs: number) => TopologyReport,
  ): Promise<TopologyReport> {
    if (this.#pending !== undefined) return this.#pending
    const answer = ask()
      .then(({ rows, askedAtMs }) => read(rows, askedAtMs))
      .finally(() => {
        this.#pending = undefined
      })
    this.#pending = answer
    return answer
  }

  async #rows(sql: string, within: Patience): Promise<Answer> {
    if (this.#isClosed) throw lostError('The question was withdrawn')
    let stop: () => void = () => {}
    const expired = new Promise<never>((_, reject) => {
      stop = watchLife(within, this.#life(), (waitedMs) => {
        const error = unansweredError(waitedMs)
        this.#drop(error)
        reject(error)
      })
      this.#giveUp = reject
    })
    const answer = this.#put(sql).finally(() => {
      if (!this.#isAside) return
      stop()
      this.#leave()
    })
    try {
      return await Promise.race([answer, expired])
    } finally {
      this.#giveUp = undefined
      if (!this.#isAside) stop()
    }
  }

  async #put(sql: string): Promise<Answer> {
    let borrowed: Borrowed | undefined
    let core = this.#core
    try {
      core ??= await this.#opened()
    } catch (error) {
      borrowed = classifyError(error) === 'overloaded' ? this.#target.borrow() : undefined
      if (borrowed === undefined) throw error
      core = borrowed.core
    }
    const askedAtMs = monotonicMs()
    this.#idleMs = askedAtMs - this.#heardMs
    try {
      const rows = await ask(core, sql)
      if (borrowed === undefined) this.#heardMs = monotonicMs()
      return { rows, askedAtMs }
    } finally {
      borrowed?.giveBack()
    }
  }

  #life(): () => Life {
    const startedMs = monotonicMs()
    const wasOpen = this.#core !== undefined
    return () => {
      const hasConnected = this.#connectedMs >= startedMs
      const connectedMs = hasConnected ? this.#connectedMs : wasOpen ? startedMs : undefined
      return { connectedMs, bytesRead: this.bytesRead }
    }
  }

  /** One is opened at a time. A question that was given up may have left one that waits for its password: the next joins it. */
  #opened(): Promise<CoreConnection> {
    if (this.#opening !== undefined) return this.#opening
    const opening = this.#target
      .outside(() => this.#open())
      .finally(() => {
        if (this.#opening === opening) this.#opening = undefined
      })
    this.#opening = opening
    return opening
  }

  async #open(): Promise<CoreConnection> {
    const { config } = this.#target
    let own: Transport | undefined
    try {
      const core = await openConnection(this, {
        ...this.#target,
        overrides: {
          ...PLAIN_RESULTS,
          connectAttributes: { ...config.connectAttributes, ...MONITOR_ATTRIBUTE },
        } as Partial<ConnectionConfig>,
        onSocket: (socket) => {
          own = socket
          this.#socket = socket
          socket.unref?.()
          socket.once('connect', () => {
            this.#connectedMs = monotonicMs()
          })
        },
      })
      if (this.#isClosed) {
        core.destroy()
        throw lostError('The question was withdrawn')
      }
      core.stream.once('close', () => {
        this._removeConnection(core)
        if (!this.#isClosed && !this.#isAside) this.#target.onLost()
      })
      this.#core = core
      this.#heardMs = monotonicMs()
      return core
    } finally {
      if (this.#socket === own) this.#socket = undefined
    }
  }

  #leave(): void {
    const core = this.#core
    this.#core = undefined
    if (core !== undefined) sayGoodbye(core)
  }

  #drop(error: Error): void {
    const stream = this.#core?.stream ?? this.#socket
    this.#core = undefined
    if (stream === undefined || stream.destroyed) return
    // Another may be opened at once, whether or not mysql2 tells of the end of this one.
    this.#opening = undefined
    this.#socket = undefined
    stream.destroy(error)
  }
}

/** Who answers on a connection that statements are to run on, and whether it is a reader. */
export async function askIdentity(
  core: CoreConnection,
): Promise<{ readonly serverId: string; readonly isReadOnly: boolean }> {
  const [row] = await ask(core, IDENTITY_QUESTION)
  return {
    serverId: String(row?.answered_by ?? '').toLowerCase(),
    isReadOnly: isOn(row?.read_only),
  }
}

function ask(core: CoreConnection, sql: string): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    core.query(
      { sql, rowsAsArray: false, nestTables: false, typeCast: true },
      undefined,
      (error, rows) => {
        if (error) reject(error)
        else resolve(Array.isArray(rows) ? (rows as Row[]) : [])
      },
    )
  })
}

function toReport(rows: readonly Row[], askedAtMs: number): TopologyReport {
  const parsed = parseTopologyRows(rows)
  // A failover can cut a result short and leave it without columns.
  if (parsed === undefined)
    throw lostError('The answer to the topology question cannot be understood')
  return { askedAtMs, ...parsed }
}

function isOn(value: unknown): boolean {
  return value === 1 || value === true || value === '1' || value === 'ON' || value === 1n
}

function unansweredError(waitedMs: number): Error {
  return Object.assign(new Error(`The instance did not answer within ${Math.round(waitedMs)} ms`), {
    code: 'PROTOCOL_CONNECTION_LOST',
    fatal: true,
  })
}
