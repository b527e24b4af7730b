import type { ColumnNames } from '../protocol/column-definition.js'
import { command } from '../protocol/commands.js'
import { headerSize } from '../protocol/packet.js'
import { rewriteAuroraSql } from '../sql/rewrite-aurora-sql.js'
import type { SessionHost } from './session-host.js'
import type { StorageLink } from './storage-link.js'

interface PreparedText {
  readonly text: string
  readonly parameterCount: number
  readonly asksTopology: boolean
  /** The handle at the storage, new with each execution. */
  storageId: number
  columnNames: ColumnNames
}

/** Offset of the statement's handle in commands that name one. */
const idAt = headerSize + 1

/**
 * Prepared statements with Aurora's answers in their text. The answers change (roles, the topology), so
 * such a statement is prepared anew at the storage before each execution, under the client's handle.
 */
export class AuroraStatements {
  readonly #storage: StorageLink
  readonly #host: SessionHost
  readonly #statements = new Map<number, PreparedText>()

  constructor(storage: StorageLink, host: SessionHost) {
    this.#storage = storage
    this.#host = host
  }

  /** Remembers a statement just prepared: its text before the rewriting, and the head of the reply. */
  remember(text: string, reply: Buffer): void {
    const id = reply.readUInt32LE(headerSize + 1)
    const parameterCount = reply.readUInt16LE(headerSize + 7)
    const rewritten = rewriteAuroraSql(text, this.#host.answers)
    if (!rewritten) return
    const { asksTopology, columnNames } = rewritten
    this.#statements.set(id, { text, parameterCount, asksTopology, storageId: id, columnNames })
  }

  /** The session was reset: all handles are gone. */
  forget(): void {
    this.#statements.clear()
  }

  /** The statement that an execution names, if its text holds Aurora's answers. */
  find(code: number, frame: Buffer): PreparedText | undefined {
    return code === command.execute ? this.#statements.get(frame.readUInt32LE(idAt)) : undefined
  }

  /** Puts the storage's handle in place of the client's in a command that names one. */
  readdress(code: number, frame: Buffer): void {
    if (this.#statements.size === 0 || frame.length < idAt + 4) return
    const id = frame.readUInt32LE(idAt)
    const statement = this.#statements.get(id)
    if (!statement || !namesStatement(code)) return
    frame.writeUInt32LE(statement.storageId, idAt)
    if (code === command.closeStatement) this.#statements.delete(id)
  }

  /** Prepares the statement with the answers of this moment; tells the names its columns should have. */
  async renew(statement: PreparedText, execution: Buffer): Promise<ColumnNames> {
    const rewritten = rewriteAuroraSql(statement.text, this.#host.answers)
    if (!rewritten || !bringsTypes(statement, execution)) return statement.columnNames
    const renewed = await this.#storage.prepare(Buffer.from(rewritten.sql, 'latin1'))
    if (renewed === undefined) return statement.columnNames
    this.#storage.closeStatement(statement.storageId)
    statement.storageId = renewed
    statement.columnNames = rewritten.columnNames
    return rewritten.columnNames
  }
}

function namesStatement(code: number): boolean {
  // COM_STMT_EXECUTE, SEND_LONG_DATA, CLOSE, RESET and FETCH.
  return (code >= command.execute && code <= 0x1a) || code === command.fetch
}

/** A fresh handle knows no parameter types, so the execution must carry them. */
function bringsTypes({ parameterCount }: PreparedText, execution: Buffer): boolean {
  if (parameterCount === 0) return true
  const flagAt = idAt + 4 + 1 + 4 + Math.ceil(parameterCount / 8)
  return execution[flagAt] === 1
}
