import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CLIENT = fileURLToPath(new URL('index.mjs', import.meta.url))

/** One contestant in a process of its own. */
export class ClientProcess {
  #child
  #name

  /**
   * @param {any} setup see `openContestant`
   * @param {{ node?: string | undefined, flags?: readonly string[] }} [how]
   */
  static async start(setup, { node = process.execPath, flags = [] } = {}) {
    const one = new ClientProcess()
    one.#name = setup.contestant
    one.#child = fork(CLIENT, [], { execPath: node, execArgv: ['--no-warnings', ...flags] })
    await one.#ask({ open: setup })
    return one
  }

  get pid() {
    return this.#child.pid
  }

  /**
   * @param {string} workload
   * @param {object} wish
   */
  run(workload, wish) {
    return this.#ask({ run: workload, wish })
  }

  async end() {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }

  #ask(message) {
    return new Promise((resolve, reject) => {
      const child = this.#child
      const lost = (code) => reject(new Error(`The client '${this.#name}' ended with code ${code}`))
      child.once('exit', lost)
      child.once('message', ({ answer, error }) => {
        child.off('exit', lost)
        if (error === undefined) resolve(answer)
        else reject(new Error(`The client '${this.#name}' failed: ${error}`))
      })
      child.send(message)
    })
  }
}
