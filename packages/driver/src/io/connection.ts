import type { CoreConnection, OkResult } from '../contract/mysql2.js'
import { STATUS_AUTOCOMMIT, STATUS_IN_TRANSACTION } from '../contract/mysql2.js'
import type { TransactionDoubt } from '../policy/decide-retry.js'
import { monotonicMs } from './clock.js'
import type { Permit } from './permits.js'
import { sayGoodbye } from './say-goodbye.js'
import { SessionState } from './session-state.js'

/** Whose connection it is: an instance's pool. */
export interface Lender {
  readonly id: string
  readonly generation: number
  /** The topology's version when the instance got the role that it has. */
  readonly roleVersion: number
}

/**
 * Told when a connection is lost. An object that there is anyway, not a closure made for each statement: closures stored in what lives
 * long made V8 keep every statement through a collection.
 */
export interface LossListener {
  onConnectionLost(error: Error, connection: Connection): void
}

/**
 * A physical connection, and what is known of the session on the server's side.
 * Lent out, it is a *lease*: the connection plus the generation that it was born under.
 */
export class Connection<L extends Lender = Lender> {
  readonly core: CoreConnection
  /** What its lender counts it by; changes with the lender. */
  permit: Permit
  /** The instance's pool that it belongs to; a nameless connection changes it once, when it is adopted. */
  lender: L
  /** The lender's counter when this connection was opened; older than the lender's means fenced. */
  generation: number
  /** The version of the topology under which its instance's role was last known on it: when it was opened, or asked. */
  roleVersion: number
  lastUsedMs = monotonicMs()
  readonly openedMs = this.lastUsedMs
  /** From before a gap in the clock: nobody knows what happened to its socket meanwhile. */
  isDoubtful = false
  /** The socket is gone, or mysql2 has given it up. */
  isDead = false
  /** Never lent again. */
  isSpent = false
  /** Carries what a session left (locks, variables, another autocommit): reset before it is lent again, or closed. */
  isSoiled = false
  /** Holds what lives on it alone (locks, variables): of no use any more when its instance is no writer. */
  isBound = false
  /** mysql2's `timeout` has fired, and the reply is still to come: lent to nobody until it has. */
  isReplyDue = false
  /** What runs on it now may have effects; to be cut when its instance is known to be no writer any more. */
  isWriting = false
  /** Told once when the connection is lost: what runs on it, since mysql2 does not call everything back, or the session that it is bound to. */
  lossListener: LossListener | undefined
  /** What `SET` and `USE` have left on it. */
  state = SessionState.BASE
  /** The state that a session left here when it was released: whoever borrows a writer's connection takes it as it is, as in mysql2. */
  leftState = SessionState.BASE
  /** As the last OK packet told it. */
  affectedRows = 0
  isInTransaction: boolean
  isAutocommit: boolean
  /** What an error since the last OK packet, which brings no flags, may have done to the transaction that is believed open. */
  doubt: TransactionDoubt | undefined
  /** What the application's `connection` listeners sent, to be sent again after a reset; undefined where that cannot be told. */
  initTexts: readonly string[] | undefined
  /** What the handshake chose; mysql2 keeps its config up with what is set later. */
  readonly database: string | undefined
  readonly charsetNumber: number
  /** As the handshake told it: a session that changed it leaves a connection that is reset before it is lent again. */
  readonly wasBornAutocommit: boolean
  readonly #onDeath: () => void
  #heardBytes = 0

  constructor(
    core: CoreConnection,
    lender: L,
    permit: Permit,
    onDeath: (connection: Connection<L>) => void,
  ) {
    this.core = core
    this.lender = lender
    this.generation = lender.generation
    this.roleVersion = lender.roleVersion
    this.permit = permit
    this.database = core.config.database
    this.charsetNumber = core.config.charsetNumber
    const flags = core._handshakePacket?.statusFlags
    this.isAutocommit = isBornAutocommit(core)
    this.wasBornAutocommit = this.isAutocommit
    this.isInTransaction = flags !== undefined && (flags & STATUS_IN_TRANSACTION) !== 0
    this.#onDeath = () => onDeath(this)
    const die = (error?: Error): void => this.noteLoss(error)
    core.on('error', die)
    core.stream.once('close', () => die(core._fatalError ?? core._protocolError ?? undefined))
    // A server that closes an idle connection sends only this.
    core.stream.once('end', () => {
      if (core._command === null || core._command === undefined) die()
    })
  }

  /** It is gone. mysql2 tells what runs on it before it tells us: nothing may begin there any more. */
  noteLoss(error?: Error): void {
    if (this.isDead) return
    this.isDead = true
    // After an answer that breaks the protocol mysql2 leaves the socket open.
    this.core.stream.destroy()
    this.#onDeath()
    const { lossListener } = this
    this.lossListener = undefined
    const loss = error ?? lostError('Connection lost: The server closed the connection.')
    lossListener?.onConnectionLost(loss, this)
  }

  /** Fenced: its instance's connections were cleared after it was opened. */
  get isFenced(): boolean {
    return this.generation !== this.lender.generation
  }

  /** Bytes received so far: how an instance shows that it lives. */
  get bytesRead(): number {
    return this.core.stream.bytesRead
  }

  /** Remembers what an OK packet said of the session. Result sets and errors say nothing: then the more cautious belief holds. */
  noteOk(result: OkResult): void {
    this.affectedRows = result.affectedRows ?? 0
    const status = result.serverStatus
    if (status === undefined) return
    this.doubt = undefined
    this.isInTransaction = (status & STATUS_IN_TRANSACTION) !== 0
    this.isAutocommit = (status & STATUS_AUTOCOMMIT) !== 0
  }

  /** The server has begun its session anew, without a word about its flags: what was open is rolled back. */
  noteReset(): void {
    this.doubt = undefined
    this.isInTransaction = false
    this.isAutocommit = this.wasBornAutocommit
  }

  /** It comes back: what counts as use is that something was heard of it. */
  noteUse(): void {
    const { bytesRead } = this
    if (bytesRead !== this.#heardBytes) this.lastUsedMs = monotonicMs()
    this.#heardBytes = bytesRead
  }

  /** What one of our own commands on it comes to: its answer, or the loss of the connection, whichever is told. */
  whileAlive<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const listener: LossListener = { onConnectionLost: reject }
      this.lossListener = listener
      answer.then(resolve, reject).finally(() => {
        if (this.lossListener === listener) this.lossListener = undefined
      })
    })
  }

  /** Closes without waiting: what runs on it fails with `error`. mysql2's own `destroy` half-closes and calls nobody back. */
  cut(error: Error): void {
    this.core.stream.destroy(error)
  }

  /** Says goodbye to the server once what runs has ended. */
  end(done?: () => void): void {
    if (this.isDead) done?.()
    else sayGoodbye(this.core, done)
  }
}

/** As the handshake tells. Autocommit is never assumed: a server may be configured without it. */
export function isBornAutocommit(core: CoreConnection): boolean {
  const flags = core._handshakePacket?.statusFlags
  return flags === undefined || (flags & STATUS_AUTOCOMMIT) !== 0
}

/** An error as mysql2 makes it when a connection is lost. */
export function lostError(message: string): Error {
  return Object.assign(new Error(message), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true })
}
