import type { CoreConnection } from '../contract/mysql2.js'

/** The physical connections on which a session has had statements prepared: each of them keeps its own. */
export class PreparedOn {
  readonly #cores = new Set<CoreConnection>()

  note(core: CoreConnection): void {
    if (this.#cores.has(core)) return
    for (const other of this.#cores) if (isOver(other)) this.#cores.delete(other)
    this.#cores.add(core)
  }

  /**
   * Closes a statement wherever it is; mysql2 sends that behind whatever runs there, and gets no answer. A session that shares the
   * connection prepares it again.
   *
   * @returns mysql2's statement, if there was one
   */
  unprepare(sql: unknown): unknown {
    let found: unknown
    for (const core of this.#cores) if (!isOver(core)) found = core.unprepare(sql) ?? found
    return found
  }
}

function isOver({ stream, _closing, _fatalError, _protocolError }: CoreConnection): boolean {
  return stream.destroyed || _closing === true || (_fatalError ?? _protocolError) !== null
}
