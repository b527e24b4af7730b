import type { TLSSocketOptions } from 'node:tls'
import type { ServerError } from '../protocol/packet.js'
import type { AuroraAnswers } from '../sql/aurora-answers.js'
import type { Storage } from '../storage/storage.js'

/** What an instance may do at the moment. */
export type Role = 'writer' | 'reader'

/** What an instance counts of the work that it receives. All counts since its start. */
export interface InstanceCounters {
  connectionsAccepted: number
  /** Connections open now. */
  connectionsOpen: number
  /** Refused by the instance itself (1040); one refused by the kernel is seen by nobody. */
  connectionsRefused: number
  /** Connections whose client said that it is a driver's monitor. */
  monitorConnections: number
  /** COM_QUERY and COM_STMT_EXECUTE. */
  statements: number
  /** Statements answered with rows, monitor connections left out. */
  reads: number
  /** Statements that the server says changed rows. */
  writes: number
  /** Statements refused because the instance is a reader. */
  refused: number
  /** Statements answered with an error, refusals among them; monitor connections left out. */
  errors: number
  /** Statements under way when the instance cut their connection; monitor connections left out. */
  statementsCut: number
  /** Statements that read `replica_host_status`. */
  topologyQuestions: number
  pings: number
  /** COM_STMT_PREPARE. */
  prepared: number
  bytesIn: number
  bytesOut: number
}

/** Who opened a connection, as far as its connect attributes say. */
export type ConnectionPurpose = 'application' | 'monitor'

/** What a session tells its instance about. */
export interface SessionReport {
  readonly threadId: number
  /** The account that the storage knows it by. */
  readonly account: string
  readonly purpose: ConnectionPurpose
}

/** The instance, as its sessions see it. */
export interface SessionHost {
  readonly role: Role
  readonly storage: Storage
  readonly tls: TLSSocketOptions | undefined
  readonly counters: InstanceCounters
  readonly answers: AuroraAnswers
  /** Delay of each reply. */
  readonly delayMs: number
  /** How old what a read sees is at least made to be; 0: as fresh as the storage. */
  readonly visibleLagMs: number
  /** When the volume last took a write (monotonic). */
  readonly lastWriteAtMs: number
  /** The error that questions for the topology get, if any. */
  readonly topologyError: ServerError | undefined
  readonly isRecordingStatements: boolean
  /** The account of the session of this instance that has this number, or had it. */
  accountOf(threadId: number): string | undefined
  /** A session's account is known, or another than before. */
  onAccount(session: SessionReport): void
  onOpened(session: SessionReport): void
  /** `wasOpened`: `onOpened` was called before. */
  onClosed(session: SessionReport, wasOpened: boolean): void
  onRefused(session: SessionReport, error: ServerError): void
  onTopologyAsked(session: SessionReport): void
  onStatement(sql: string): void
  onWrite(): void
}
