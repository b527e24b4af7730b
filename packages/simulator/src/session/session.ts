import type { Socket } from 'node:net'
import { renameColumn } from '../protocol/column-definition.js'
import { command, replyShape, runsStatement } from '../protocol/commands.js'
import { readChangedUser } from '../protocol/handshake-response.js'
import { errorPayload, headerSize, packet, type ServerError } from '../protocol/packet.js'
import { PacketSplitter, type Piece } from '../protocol/packet-splitter.js'
import type { PacketMeaning } from '../protocol/reply-tracker.js'
import { AuroraStatements } from './aurora-statements.js'
import { ClientLink } from './client-link.js'
import { ClientOutput } from './client-output.js'
import { CommandTranslator, commandText, noNames } from './command-translator.js'
import { IdleWork } from './idle-work.js'
import { LaggingSnapshot } from './lagging-snapshot.js'
import { Login, storageAccount } from './login.js'
import { ReplyTranslator } from './reply-translator.js'
import type { ConnectionPurpose, SessionHost, SessionReport } from './session-host.js'
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

const listeningStates: readonly State[] = ['login', 'idle', 'sending', 'exchange']

/** Unread bytes of a client beyond which it is not read from while a reply is due. */
const unreadLimit = 64 * 1024

/** One client connection to an instance, forwarded to a session of the storage. */
export class Session implements SessionReport {
  readonly #host: SessionHost
  readonly #client: ClientLink
  readonly #input = new PacketSplitter()
  readonly #output: ClientOutput
  readonly #storage: StorageLink
  readonly #login: Login
  readonly #role: SessionRole
  readonly #snapshot: LaggingSnapshot
  readonly #statements: AuroraStatements
  readonly #commands: CommandTranslator
  readonly #replies: ReplyTranslator
  readonly #work = new IdleWork()
  #state: State = 'login'
  /** The one that the storage was asked to log in last. */
  account = ''
  /** The storage has accepted the login. */
  #isWelcome = false
  /** The command under way: its byte, its text if it has one, itself while it may be sent again. */
  #command = 0
  #text = ''
  #repeatable: Buffer | undefined
  #isRewritten = false
  #columnNames = noNames
  #isFirstPacket = true
  /** What the next statement is answered with, because the session's transaction was taken away. */
  #abortedWith: ServerError | undefined

  constructor(socket: Socket, host: SessionHost) {
    this.#host = host
    this.#client = new ClientLink(socket, host, host.counters, {
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
      onClose: () => {
        this.#work.finish()
        this.#client.end()
      },
    })
    this.#login = new Login(host)
    this.#role = new SessionRole(this.#storage)
    this.#snapshot = new LaggingSnapshot(this.#storage, host)
    this.#statements = new AuroraStatements(this.#storage, host)
    this.#commands = new CommandTranslator(host, this)
    this.#replies = new ReplyTranslator(host, this, this.#role)
    this.#storage.begin('authentication')
  }

  get threadId(): number {
    return this.#login.threadId
  }

  get purpose(): ConnectionPurpose {
    return this.#login.facts?.purpose ?? 'application'
  }

  // What faults do

  /** Falls silent without closing. */
  hold(): void {
    this.#client.hold()
  }

  unhold(): void {
    this.#client.unhold()
  }

  /** Ends what the storage still runs for the session, so that it cannot take effect any more. */
  async kill(): Promise<void> {
    const { threadId } = this
    this.#replies.countCut()
    // A server notices a closed socket only when it next reads or writes: a statement waiting for a lock
    // would still run, and commit, after the instance is long dead.
    if (this.#state === 'idle' || threadId === 0) return
    await this.#host.storage.query(`KILL ${threadId}`).catch(() => undefined)
  }

  /** Ends the session at the storage; its client hears nothing of it, as of a host that is fenced off. */
  abandon(): void {
    this.#client.hold()
    this.#storage.destroy()
  }

  /** Ends the session and resets the client's socket. */
  cut(): void {
    this.#client.cut()
    this.#close()
  }

  /** Takes on the instance's role once the command under way is done; a transaction open then is lost. */
  async becomeRole(lostWith: ServerError | undefined): Promise<void> {
    await this.#whenIdle(async () => {
      if (this.#role.role === this.#host.role) return
      await this.#snapshot.release()
      if (lostWith) await this.#abort(lostWith).then(() => this.#role.dropNamedLocks())
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

  #close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#snapshot.close()
    this.#storage.destroy()
    this.#work.finish()
    this.#host.onClosed(this, this.#isWelcome)
  }

  // From the client

  #readClient(): void {
    while (listeningStates.includes(this.#state)) {
      const piece = this.#input.next()
      if (!piece) break
      this.#fromClient(piece)
    }
    const isBusy = !listeningStates.includes(this.#state)
    const isBehind = isBusy && this.#input.pendingBytes > unreadLimit
    if (isBehind || this.#storage.isFull) this.#client.pause()
    else this.#client.resume()
  }

  #fromClient(piece: Piece): void {
    if (this.#state === 'login') {
      const frame = this.#login.forStorage(piece)
      if (frame !== 'tls-request') this.#storage.write(frame)
      else if (this.#host.tls) this.#client.startTls(this.#host.tls, this.#input.drain())
      this.#storage.tracker.deprecateEof = this.#login.facts?.deprecateEof ?? false
    } else if (this.#state === 'idle') {
      this.#startCommand(piece)
    } else {
      this.#storage.write(piece.buffer.subarray(piece.start, piece.end))
      if (this.#state === 'sending' && piece.isLast) this.#commandSent()
    }
  }

  #startCommand(piece: Piece): void {
    const code = piece.length === 0 ? 0 : (piece.buffer[piece.start + headerSize] ?? 0)
    const frame = piece.buffer.subarray(piece.start, piece.end)
    const isWhole = piece.kind === 'whole'
    this.#command = code
    this.#text = isWhole ? commandText(code, frame) : ''
    this.#repeatable = undefined
    this.#columnNames = noNames
    this.#replies.countCommand(code)
    if (this.#abortedWith && (runsStatement(code) || code === command.prepare)) {
      this.#answerError(this.#abortedWith)
      this.#abortedWith = undefined
    } else if (isWhole) {
      this.#translateCommand(code, frame)
    } else {
      this.#sendCommand(frame, piece.isLast)
    }
  }

  #translateCommand(code: number, frame: Buffer): void {
    if (code === command.changeUser) {
      this.account = storageAccount(readChangedUser(frame), this.#host)
    }
    const statement = this.#statements.find(code, frame)
    const error = statement?.asksTopology ? this.#commands.noteTopologyQuestion() : undefined
    const translation = this.#commands.translate(code, frame, this.#text)
    if (error) return this.#answerError(error)
    if (translation.kind === 'answer') return this.#answerError(translation.error)
    this.#columnNames = translation.columnNames
    this.#isRewritten = translation.isRewritten
    const isInTheWay = this.#snapshot.isInTheWayOf(this.#text)
    const wantsSnapshot = runsStatement(code) && this.#snapshot.needsPreparing(false, this.#text)
    const { first } = translation
    if (!statement && !isInTheWay && !wantsSnapshot && !first) {
      this.#statements.readdress(code, translation.frame)
      this.#sendCommand(translation.frame, true)
      return
    }
    // The frame is only borrowed until the next packet is read.
    const kept = Buffer.from(translation.frame)
    void this.#workOn(async () => {
      const failure = await first?.()
      if (failure) return this.#answerError(failure)
      if (statement) this.#columnNames = await this.#statements.renew(statement, kept)
      if (isInTheWay) await this.#snapshot.release()
      else if (wantsSnapshot) await this.#snapshot.prepare()
      this.#statements.readdress(code, kept)
      this.#sendCommand(kept, true)
    })
  }

  #sendCommand(bytes: Buffer, isLast: boolean): void {
    if (this.#state === 'closed') return
    this.#isFirstPacket = true
    if (this.#snapshot.isHeld && isLast && runsStatement(this.#command)) {
      this.#repeatable = Buffer.from(bytes)
      this.#output.withhold()
    }
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

  #answerError(error: ServerError): void {
    this.#replies.countError()
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
    const frame = piece.buffer.subarray(piece.start, piece.end)
    const isFirst = this.#isFirstPacket
    this.#isFirstPacket = false
    if (meaning === 'error' && piece.kind === 'whole') {
      if (this.#repeat(frame.readUInt16LE(headerSize + 1))) return
      this.#output.pass(piece, this.#replies.translateError(frame))
    } else if (meaning === 'column' && this.#columnNames.size > 0 && piece.kind === 'whole') {
      this.#output.pass(piece, renameColumn(frame, this.#columnNames))
    } else if (meaning === 'ok' && tracker.isComplete && this.#forgetsSession) {
      void this.#workOn(() => this.#beginAnew(Buffer.from(frame)))
      return
    } else {
      this.#replies.count(this.#command, meaning, isFirst, tracker)
      if (meaning === 'file-request') this.#state = 'exchange'
      if (meaning === 'prepared-head' && this.#isRewritten) {
        this.#statements.remember(this.#text, frame)
      }
      if (this.#snapshot.isHeld && tracker.isComplete) this.#snapshot.follow()
      this.#snapshot.mask(piece.buffer, tracker.statusAt)
      this.#output.pass(piece)
    }
    // A server may find fault with the snapshot after it has described the columns, not after a row.
    if (meaning === 'row' || meaning === 'file-request' || tracker.isComplete) {
      this.#output.release()
    }
    const isDone = tracker.isComplete && piece.isLast && this.#state !== 'sending'
    if (!isDone || this.#state === 'idle') return
    this.#output.flush()
    this.#becomeIdle()
  }

  #loginFromStorage(piece: Piece, meaning: PacketMeaning): void {
    const frame = this.#login.forClient(piece)
    if (meaning === 'error') this.#output.put(this.#replies.translateError(frame) ?? frame)
    else if (meaning !== 'ok') this.#output.put(frame)
    else void this.#workOn(() => this.#welcome(frame))
  }

  async #welcome(okPacket: Buffer): Promise<void> {
    this.account = this.#login.facts?.account ?? ''
    await this.#beginRole()
    if ((this.#state as State) === 'closed') return
    this.#isWelcome = true
    this.#host.onOpened(this)
    this.#output.put(okPacket)
    this.#output.flush()
    if (this.#login.facts?.hasCompression) this.#client.startCompression()
  }

  /** The storage has forgotten the session's state with the command just answered. */
  get #forgetsSession(): boolean {
    return this.#command === command.changeUser || this.#command === command.resetConnection
  }

  async #beginAnew(okPacket: Buffer): Promise<void> {
    this.#snapshot.forget()
    this.#statements.forget()
    this.#abortedWith = undefined
    if (this.#command === command.resetConnection) await this.#role.beginAgain(this.#host.role)
    else await this.#beginRole()
    this.#output.put(okPacket)
  }

  #beginRole(): Promise<void> {
    this.#host.onAccount(this)
    const { role, storage } = this.#host
    return this.#role.begin(role, this.account === storage.accounts.readerUser)
  }

  /** Sends the command again when nothing but the snapshot was in its way. */
  #repeat(errno: number): boolean {
    const repeatable = this.#output.isWithholding ? this.#repeatable : undefined
    if (!repeatable || !this.#snapshot.causes(errno)) return false
    this.#output.discard()
    this.#repeatable = undefined
    void this.#workOn(async () => {
      await this.#snapshot.recover(errno)
      this.#sendCommand(repeatable, true)
    })
    return true
  }

  // Between commands

  async #workOn(work: () => Promise<void>): Promise<void> {
    this.#state = 'working'
    await work()
    this.#output.flush()
    if ((this.#state as State) === 'working') this.#becomeIdle()
  }

  #whenIdle(work: () => Promise<void>): Promise<void> {
    // Who never logs in keeps nobody waiting; the role is looked at when the login is done.
    if (this.#state === 'login') return Promise.resolve()
    const done = this.#work.add(work)
    if (this.#storage.isClosed) this.#work.finish()
    else if (this.#state === 'idle') this.#becomeIdle()
    return done
  }

  #becomeIdle(): void {
    if (this.#state === 'closed') return
    this.#state = 'idle'
    this.#replies.countEnd()
    const work = this.#work.take()
    if (work) {
      void this.#workOn(work)
      return
    }
    this.#snapshot.renewWhileIdle(
      () => this.#state === 'idle',
      () => this.#workOn(() => this.#snapshot.prepare()),
    )
    this.#readClient()
  }
}
