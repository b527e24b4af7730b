import type { Socket } from 'node:net'
import { type ColumnNames, renameColumn } from '../protocol/column-definition.js'
import { command, replyShape, runsStatement } from '../protocol/commands.js'
import { readChangedUser, rewriteChangedUser } from '../protocol/handshake-response.js'
import {
  errorPayload,
  headerSize,
  packet,
  readError,
  type ServerError,
} from '../protocol/packet.js'
import { PacketSplitter, type Piece } from '../protocol/packet-splitter.js'
import type { PacketMeaning } from '../protocol/reply-tracker.js'
import { rewriteAuroraSql } from '../sql/rewrite-aurora-sql.js'
import { ClientLink } from './client-link.js'
import { ClientOutput } from './client-output.js'
import { LaggingSnapshot } from './lagging-snapshot.js'
import { Login, type LoginFacts, storageUser } from './login.js'
import { readOnlyRefusal } from './refusal.js'
import type { SessionHost, SessionReport } from './session-host.js'
import { SessionRole } from './session-role.js'
import { StorageLink } from './storage-link.js'

/**
 * Where a session stands.
 * - `login`: packets pass in both directions until the storage accepts or refuses the client.
 * - `idle`: the next packet from the client is a command.
 * - `sending`: a command too long for one piece is passing.
 * - `replying`: the storage owes the reply; the client's next command waits.
 * - `exchange`: as replying, but the client may speak (a local file, proofs of a password).
 * - `working`: the front-end runs statements of its own.
 */
type State = 'login' | 'idle' | 'sending' | 'replying' | 'exchange' | 'working' | 'closed'

const noNames: ColumnNames = new Map()

/** Errors that a snapshot causes and a renewed one does not: the table was changed, the isolation set. */
const snapshotErrors = [1412, 1568]

/** Unread bytes of a client beyond which it is not read from while a reply is due. */
const unreadLimit = 64 * 1024

/** One client connection to an instance, forwarded to a session of the storage. */
export class Session implements SessionReport {
  readonly #host: SessionHost
  readonly #client: ClientLink
  readonly #input = new PacketSplitter()
  readonly #output: ClientOutput
  readonly #storage: StorageLink
  readonly #role: SessionRole
  readonly #snapshot: LaggingSnapshot
  readonly #login = new Login()
  #facts: LoginFacts | undefined
  #state: State = 'login'
  #command = 0
  #columnNames = noNames
  /** The command under way, kept while it may have to be sent again. */
  #repeatable: Buffer | undefined
  #isFirstPacket = true
  /** What the next statement is answered with, because the session's transaction was taken away. */
  #abortedWith: ServerError | undefined
  #work: (() => Promise<void>)[] = []
  #renewal: NodeJS.Timeout | undefined

  constructor(socket: Socket, host: SessionHost) {
    this.#host = host
    this.#client = new ClientLink(socket, () => host.delayMs, {
      onData: (chunk) => {
        this.#input.push(chunk)
        this.#readClient()
      },
      onClose: () => this.#close(),
      onDrain: () => this.#storage.resume(),
    })
    this.#output = new ClientOutput((bytes) => this.#client.send(bytes))
    this.#storage = new StorageLink(host.storage.connect(), {
      onPiece: (piece, meaning) => this.#fromStorage(piece, meaning),
      onPause: () => {
        if (!this.#output.flush()) this.#storage.pause()
      },
      onDrain: () => this.#readClient(),
      onClose: () => this.#client.end(),
    })
    this.#role = new SessionRole(this.#storage)
    this.#snapshot = new LaggingSnapshot(this.#storage, host)
    this.#storage.begin('authentication')
  }

  get threadId(): number {
    return this.#login.threadId
  }

  get purpose(): 'application' | 'monitor' {
    return this.#facts?.purpose ?? 'application'
  }

  /** Falls silent without closing. */
  hold(): void {
    this.#client.hold()
  }

  unhold(): void {
    this.#client.unhold()
  }

  /** Cuts the client off; what the storage still runs for it is ended there. */
  async cut(): Promise<void> {
    const isBusy = !['idle', 'login', 'closed'].includes(this.#state)
    this.#client.cut('reset')
    await this.#endAtStorage(isBusy)
  }

  /** Ends the session at the storage and leaves the client in silence, as a fenced-off host does. */
  async fence(): Promise<void> {
    this.#client.hold()
    await this.#endAtStorage(this.#state !== 'idle')
  }

  /** Takes on the instance's role once the command under way is done; a transaction open then is lost. */
  async becomeRole(lostWith: ServerError | undefined): Promise<void> {
    await this.#whenIdle(async () => {
      if (this.#role.role === this.#host.role) return
      await this.#snapshot.release()
      if (lostWith) await this.#abort(lostWith)
      await this.#role.become(this.#host.role)
    })
  }

  /** Rolls back a transaction of the client's; its next statement gets this error. */
  async abortTransaction(lostWith: ServerError): Promise<void> {
    await this.#whenIdle(() => this.#abort(lostWith))
  }

  /** Takes a snapshot now if reads shall lag, so that the next write is already unseen. */
  async settleLag(): Promise<void> {
    await this.#whenIdle(async () => {
      if (this.#snapshot.needsPreparing(true)) await this.#snapshot.prepare()
    })
  }

  async #abort(lostWith: ServerError): Promise<void> {
    if (this.#snapshot.isHeld) return
    if (await this.#role.abortTransaction()) this.#abortedWith = lostWith
  }

  async #endAtStorage(isBusy: boolean): Promise<void> {
    const { threadId } = this
    this.#storage.destroy()
    // A server notices a closed socket only when it next reads or writes: a statement waiting for a lock
    // would still run, and commit, after the instance is long dead.
    if (isBusy && threadId > 0) {
      await this.#host.storage.query(`KILL ${threadId}`).catch(() => undefined)
    }
  }

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearTimeout(this.#renewal)
    this.#host.counters.bytesIn += this.#client.bytesIn
    this.#host.counters.bytesOut += this.#client.bytesOut
    this.#storage.destroy()
    for (const work of this.#work.splice(0)) void work()
    this.#host.onClosed(this)
  }

  // From the client

  #readClient(): void {
    while (this.#listensToClient) {
      const piece = this.#input.next()
      if (!piece) break
      this.#fromClient(piece)
    }
    const isBehind = !this.#listensToClient && this.#input.pendingBytes > unreadLimit
    if (isBehind || this.#storage.isFull) this.#client.pause()
    else this.#client.resume()
  }

  get #listensToClient(): boolean {
    return ['login', 'idle', 'sending', 'exchange'].includes(this.#state)
  }

  #fromClient(piece: Piece): void {
    switch (this.#state) {
      case 'login':
        this.#loginFromClient(piece)
        return
      case 'idle':
        this.#startCommand(piece)
        return
      default:
        this.#storage.write(piece.buffer.subarray(piece.start, piece.end))
        if (this.#state === 'sending' && piece.isLast) this.#commandSent()
    }
  }

  #loginFromClient(piece: Piece): void {
    const frame = piece.buffer.subarray(piece.start, piece.end)
    if (this.#login.hasAnswered) {
      this.#storage.write(this.#login.renumber(piece, 'storage'))
      return
    }
    const { tls } = this.#host
    if (tls && this.#login.isTlsRequest(frame)) {
      this.#client.startTls(tls, this.#input.drain())
      return
    }
    const answer = this.#login.answer(frame, this.#host.role, this.#host.storage.accounts)
    this.#facts = answer.facts
    this.#storage.tracker.deprecateEof = answer.facts.deprecateEof
    this.#storage.write(answer.frame)
  }

  #startCommand(piece: Piece): void {
    const code = piece.length === 0 ? 0 : (piece.buffer[piece.start + headerSize] ?? 0)
    this.#command = code
    this.#columnNames = noNames
    this.#repeatable = undefined
    this.#client.resetSequence()
    this.#count(code)
    const isStatement = runsStatement(code) || code === command.prepare
    if (isStatement && this.#abortedWith) {
      const error = this.#abortedWith
      this.#abortedWith = undefined
      this.#answerError(error)
      return
    }
    let bytes = piece.buffer.subarray(piece.start, piece.end)
    const hasText = piece.kind === 'whole' && (code === command.query || code === command.prepare)
    const text = hasText ? bytes.toString('latin1', headerSize + 1) : ''
    if (hasText) {
      const rewritten = this.#rewrite(code, text)
      if (rewritten === 'refused') return
      bytes = rewritten ?? bytes
    } else if (code === command.changeUser && piece.kind === 'whole') {
      const { role, storage } = this.#host
      bytes = rewriteChangedUser(bytes, storageUser(readChangedUser(bytes), role, storage.accounts))
      this.#facts = { ...(this.#facts as LoginFacts), user: readChangedUser(bytes) }
    }
    const { isLast } = piece
    const isInTheWay = this.#snapshot.isInTheWayOf(text)
    if (
      isInTheWay ||
      (isStatement && this.#snapshot.needsPreparing(false) && piece.kind === 'whole')
    ) {
      // The piece is only borrowed until the next packet is read.
      const kept = Buffer.from(bytes)
      void this.#workOn(async () => {
        await (isInTheWay ? this.#snapshot.release() : this.#snapshot.prepare())
        this.#sendCommand(kept, isLast)
      })
      return
    }
    this.#sendCommand(bytes, isLast)
  }

  /** The command with Aurora's answers in it; `refused` when it has been answered already. */
  #rewrite(code: number, text: string): Buffer | 'refused' | undefined {
    if (this.#host.isRecordingStatements) {
      this.#host.onStatement(Buffer.from(text, 'latin1').toString('utf8'))
    }
    const rewritten = rewriteAuroraSql(text, this.#host.answers)
    if (!rewritten) return undefined
    if (rewritten.asksTopology) {
      this.#host.counters.topologyQuestions += 1
      this.#host.onTopologyAsked(this)
      if (this.#host.topologyError) {
        this.#answerError(this.#host.topologyError)
        return 'refused'
      }
    }
    this.#columnNames = rewritten.columnNames
    return packet(Buffer.concat([Buffer.of(code), Buffer.from(rewritten.sql, 'latin1')]), 0)
  }

  #sendCommand(bytes: Buffer, isLast: boolean): void {
    if (this.#state === 'closed') return
    this.#isFirstPacket = true
    if (this.#snapshot.isHeld && isLast) this.#repeatable = Buffer.from(bytes)
    this.#storage.begin(replyShape(this.#command))
    this.#state = 'sending'
    this.#storage.write(bytes)
    if (isLast) this.#commandSent()
  }

  #commandSent(): void {
    if (this.#state !== 'sending') return
    if (this.#storage.tracker.isComplete) this.#becomeIdle()
    else this.#state = this.#command === command.changeUser ? 'exchange' : 'replying'
  }

  #count(code: number): void {
    const { counters } = this.#host
    if (runsStatement(code)) counters.statements += 1
    else if (code === command.ping) counters.pings += 1
    else if (code === command.prepare) counters.prepared += 1
  }

  #answerError(error: ServerError): void {
    this.#output.put(packet(errorPayload(error), 1))
    this.#output.flush()
  }

  // From the storage

  #fromStorage(piece: Piece, meaning: PacketMeaning): void {
    if (this.#state === 'login') {
      this.#loginFromStorage(piece, meaning)
      return
    }
    const { tracker } = this.#storage
    const isFirst = this.#isFirstPacket
    this.#isFirstPacket = false
    if (meaning === 'error' && piece.kind === 'whole') {
      if (this.#fromStorageError(piece, isFirst)) return
    } else if (meaning === 'column' && this.#columnNames.size > 0 && piece.kind === 'whole') {
      const frame = piece.buffer.subarray(piece.start, piece.end)
      this.#output.put(renameColumn(frame, this.#columnNames))
    } else if (meaning === 'ok' && tracker.isComplete && this.#forgetsRole) {
      this.#enterRole(Buffer.from(piece.buffer.subarray(piece.start, piece.end)))
      return
    } else {
      this.#countReply(meaning, isFirst)
      if (meaning === 'file-request') this.#state = 'exchange'
      if (this.#snapshot.isHeld && tracker.isComplete) this.#snapshot.follow()
      this.#snapshot.mask(piece.buffer, tracker.statusAt)
      this.#output.pass(piece)
    }
    if (meaning === 'file-request') this.#readClient()
    else if (tracker.isComplete && this.#state !== 'idle') this.#endReply(piece)
  }

  #endReply(piece: Piece): void {
    if (this.#state === 'sending') return
    if (!piece.isLast) return
    this.#output.flush()
    this.#becomeIdle()
  }

  /** The session's role at the storage is lost with the command just answered. */
  get #forgetsRole(): boolean {
    return this.#command === command.changeUser || this.#command === command.resetConnection
  }

  #enterRole(okPacket: Buffer): void {
    void this.#workOn(async () => {
      this.#snapshot.forget()
      this.#abortedWith = undefined
      if (this.#command === command.resetConnection) await this.#role.beginAgain(this.#host.role)
      else await this.#role.begin(this.#host.role, this.#hasReaderAccount)
      this.#output.put(okPacket)
    })
  }

  get #hasReaderAccount(): boolean {
    const { accounts } = this.#host.storage
    const { role } = this.#host
    const user = this.#facts?.user ?? ''
    return user === accounts.readerUser || storageUser(user, role, accounts) === accounts.readerUser
  }

  /** True: the error was dealt with and must not be passed on. */
  #fromStorageError(piece: Piece, isFirst: boolean): boolean {
    const frame = piece.buffer.subarray(piece.start, piece.end)
    const error = readError(frame.subarray(headerSize))
    const repeatable = this.#repeatable
    if (repeatable && isFirst && snapshotErrors.includes(error.errno)) {
      this.#repeatable = undefined
      void this.#workOn(async () => {
        await this.#snapshot.release()
        if (error.errno === 1412) await this.#snapshot.prepare()
        this.#sendCommand(repeatable, true)
      })
      return true
    }
    const isReader = this.#role.role === 'reader'
    const refusal = isReader && readOnlyRefusal(error, this.#role.hasReaderRights)
    if (refusal) {
      this.#host.counters.refused += 1
      this.#host.onRefused(this, refusal)
    }
    const { accounts } = this.#host.storage
    const told = refusal || {
      ...error,
      message: error.message.replaceAll(`'${accounts.readerUser}'@`, `'${accounts.user}'@`),
    }
    const isUnchanged = told.message === error.message && !refusal
    if (isUnchanged) this.#output.pass(piece)
    else this.#output.put(packet(errorPayload(told), frame[3] ?? 1))
    return false
  }

  #countReply(meaning: PacketMeaning, isFirst: boolean): void {
    if (!runsStatement(this.#command)) return
    if (meaning === 'result-head' && isFirst && this.purpose === 'application') {
      this.#host.counters.reads += 1
    } else if (meaning === 'ok') {
      if (this.#storage.tracker.affectedRows > 0) this.#host.counters.writes += 1
      if (this.#role.role === 'writer') this.#host.onWrite()
    }
  }

  #loginFromStorage(piece: Piece, meaning: PacketMeaning): void {
    if (!this.#login.hasGreeted) {
      const frame = Buffer.from(piece.buffer.subarray(piece.start, piece.end))
      this.#output.put(this.#login.greet(frame, this.#host.tls !== undefined))
      return
    }
    const frame = Buffer.from(this.#login.renumber(piece, 'client'))
    if (meaning !== 'ok') {
      this.#output.put(frame)
      return
    }
    void this.#workOn(async () => {
      await this.#role.begin(this.#host.role, this.#hasReaderAccount)
      this.#host.onOpened(this)
      this.#output.put(frame)
      this.#output.flush()
      if (this.#facts?.hasCompression) this.#client.startCompression()
    })
  }

  // Between commands

  async #workOn(work: () => Promise<void>): Promise<void> {
    this.#state = 'working'
    await work()
    this.#output.flush()
    if ((this.#state as State) === 'working') this.#becomeIdle()
  }

  #whenIdle(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#work.push(() => work().finally(resolve))
      if (this.#state === 'idle') this.#becomeIdle()
      else if (this.#state === 'closed') for (const each of this.#work.splice(0)) void each()
    })
  }

  #becomeIdle(): void {
    if (this.#state === 'closed') return
    this.#state = 'idle'
    const work = this.#work.shift()
    if (work) {
      void this.#workOn(work)
      return
    }
    this.#scheduleRenewal()
    this.#readClient()
  }

  #scheduleRenewal(): void {
    clearTimeout(this.#renewal)
    if (!this.#snapshot.isWanted && !this.#snapshot.isHeld) return
    this.#renewal = setTimeout(() => {
      if (this.#state !== 'idle') return
      if (this.#snapshot.needsPreparing(true)) void this.#workOn(() => this.#snapshot.prepare())
      else this.#scheduleRenewal()
    }, this.#snapshot.renewalMs)
    this.#renewal.unref()
  }
}
