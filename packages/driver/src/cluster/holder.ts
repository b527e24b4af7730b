import type { CoreConnection } from '../contract/mysql2.js'
import type { LossListener } from '../io/connection.js'
import { SessionState } from '../io/session-state.js'
import type { Role } from '../model/topology.js'
import { type Outcome, outcomeOfLoss, type TransactionDoubt } from '../policy/decide-retry.js'
import type { Control, SqlClass } from '../policy/sql-class.js'
import type { Lease } from './instance-pool.js'
import { PreparedOn } from './prepared-on.js'

/** Any mention: false here costs a read on the writer, nothing else. */
const ISOLATION = /isolation/i

/** These neither end a transaction nor begin one (MySQL manual, 15.3.3: autocommit = 0 commits nothing). */
const LEAVES_TRANSACTION: ReadonlySet<Control> = new Set([
  'set-transaction',
  'savepoint',
  'autocommit-off',
])

/**
 * What a session holds between its statements: one lease, and why it may not be swapped.
 * `pool.query()` has none: it takes a lease and gives it back.
 */
export class Holder {
  lease: Lease | undefined
  /** What this session has set: every connection that it runs on must carry it. */
  state = SessionState.BASE
  /** The role that all its statements ask for; undefined: each as its text says. */
  readonly role: Role | undefined
  /** Something was left on the connection that cannot be carried to another: swapped no more until released. */
  isBoundForGood = false
  /** SET TRANSACTION was said, which is about the next transaction on this connection. */
  isDeclared = false
  /** Since its last transaction ended, something has run that is not certainly a read: COMMIT makes it visible. */
  hasChanges = false
  /** Locks, user variables, temporary tables: the connection is reset, or closed, after this session. */
  leavesState = false
  /** Once a session has written, it stays on the writer until it is released. One that never is follows its writes as any read does. */
  staysOnWriter = false
  /** Texts of the BEGIN and SET TRANSACTION that opened what is open; undefined once anything else ran in it. */
  prelude: string[] | undefined
  /** Nothing has run on its lease yet, and what others have set there has not been looked at. */
  isFresh = false
  /** That is what a released session has left there for whoever is next. */
  #hasFoundLeft = false
  /** Where statements have been prepared for it; undefined: nowhere. */
  prepared: PreparedOn | undefined
  /** A statement runs on its lease. */
  isRunning = false
  /** KILLs under way that are meant for it. */
  killers = 0
  /** Told once, when it is dead for good. */
  onDeath: (() => void) | undefined
  #isDead = false
  /** What became of the transaction that it died in. Whoever rolls back then gets to see that error instead of the first one. */
  outcome: Outcome | undefined
  /** A restart has undone its transaction and left its connection alive: until it begins or ends one, nothing of it may run. */
  abortedBy: unknown
  /** The pool is being ended: what the session has queued may still run. */
  isDraining = false
  /** Statements run when it is released go back to the pool one by one. */
  isReleased = false

  /** Who is told, once, that the session died with its connection. */
  listener: { onSessionLost(error: Error): void } | undefined
  /** Told when its lease is lost between statements. */
  lossListener: LossListener | undefined

  /** Keeps its lease between statements; false where somebody else's pool keeps the session, and idle entries must hold nothing. */
  readonly keepsLease: boolean

  constructor(role: Role | undefined, keepsLease: boolean) {
    this.role = role
    this.keepsLease = keepsLease
  }

  /** It begins, on a connection that is as others have made it. */
  takeFirst(lease: Lease): void {
    this.lease = lease
    this.isFresh = true
    this.#hasFoundLeft = lease.state === lease.leftState
  }

  /** All that is set on its lease may be left there. Else a session that goes on elsewhere has set some of it. */
  mayLeave({ state }: Lease): boolean {
    return !this.isFresh || this.#hasFoundLeft || state === this.state
  }

  /** The pinned connection was lost, or it is over: every later statement fails as on mysql2's closed connection. */
  get isDead(): boolean {
    return this.#isDead
  }

  set isDead(isDead: boolean) {
    const hasDied = isDead && !this.#isDead
    this.#isDead = isDead
    if (hasDied) this.onDeath?.()
  }

  /** The connection that it is bound to was lost between its statements. */
  dieWith(doubt: TransactionDoubt | undefined): void {
    this.isDead = true
    this.outcome = outcomeOfLoss(doubt)
    this.lease = undefined
  }

  /** What is held may go back to its instance although the session goes on. */
  get mayLetGo(): boolean {
    return !this.keepsLease && !this.isBound && this.killers === 0
  }

  /** Something other than an open transaction keeps it on its connection. */
  get isPinned(): boolean {
    return this.isBoundForGood || this.isDeclared
  }

  /** Nothing may move this session to another connection now. */
  get isBound(): boolean {
    const { lease } = this
    if (this.isPinned || lease === undefined) return this.isPinned
    return lease.isInTransaction || lease.isAutocommit !== lease.wasBornAutocommit
  }

  /** A statement of this session has ended well: what does it leave behind? */
  note(text: string | undefined, sqlClass: SqlClass): void {
    const { control } = sqlClass
    const hasWritten = sqlClass.intent === 'write' && !sqlClass.isRepeatable
    if (hasWritten && this.keepsLease) this.staysOnWriter = true
    // Readers run REPEATABLE READ whatever they are told (AWS: AuroraMySQL.Reference.IsolationLevels).
    if (sqlClass.setsState && text !== undefined && ISOLATION.test(text)) this.staysOnWriter = true
    this.#noteTransaction(sqlClass)
    if (sqlClass.pins && control === 'none') {
      this.bindForGood()
      this.leavesState = true
    }
    const opens =
      control === 'begin' || control === 'begin-read-only' || control === 'set-transaction'
    if (opens && text !== undefined) this.prelude = [...(this.prelude ?? []), text]
    else this.prelude = undefined
  }

  #noteTransaction({ control, isRepeatable }: SqlClass): void {
    const hasEnded =
      (control === 'commit' || control === 'rollback') && !this.lease?.isInTransaction
    if (control === 'set-transaction') this.isDeclared = true
    else if (hasEnded) this.isDeclared = false
    if (control === 'none') this.hasChanges ||= !isRepeatable
    else if (!LEAVES_TRANSACTION.has(control)) this.hasChanges = false
  }

  /** A statement is prepared for it there; what `unprepare` forgets. */
  notePrepared(core: CoreConnection): void {
    this.prepared ??= new PreparedOn()
    this.prepared.note(core)
  }

  /** What it has made lives on this connection alone. */
  bindForGood(): void {
    if (this.lease !== undefined) this.lease.isBound = true
    this.isBoundForGood = true
  }

  /** A transaction is open, or declared, in which nothing has run: it can be opened again on another instance. */
  get canReplay(): boolean {
    return this.prelude !== undefined && !this.isBoundForGood
  }

  /** Whether this may run where a restart has undone the transaction: what ends it, or begins another. COMMIT ends it, and fails. */
  mayFollowAbort({ control }: SqlClass): boolean {
    if (control !== 'none' && control !== 'savepoint') this.abortedBy = undefined
    return control === 'rollback' || control === 'begin' || control === 'begin-read-only'
  }

  /** What is asked (LAST_INSERT_ID(), SHOW WARNINGS) is about a connection that is gone. */
  hasLostSession({ intent, control, setsState }: SqlClass): boolean {
    if (!this.keepsLease || intent !== 'session' || control !== 'none' || setsState) return false
    return this.lease === undefined || this.lease.isDead
  }

  /** It has been released: nothing that it did concerns what it may still be used for. */
  forget(): void {
    this.isBoundForGood = false
    this.isDeclared = false
    this.hasChanges = false
    this.leavesState = false
    this.staysOnWriter = false
    this.state = SessionState.BASE
    this.isFresh = false
    this.prelude = undefined
    this.abortedBy = undefined
  }
}
