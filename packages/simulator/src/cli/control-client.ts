import type { Fault } from '../cluster/fault.js'
import { type ClusterState, type FaultState, toJson } from '../control/cluster-state.js'
import { CommandError } from './command-error.js'

/** What the control interface answers to a fault: one of a moment is over, and has no time. */
export type InjectedFault = Pick<FaultState, 'id' | 'type' | 'instance'>

/** Talks to the control interface of a running simulator. */
export class ControlClient {
  readonly #target: string

  /** `target`: `host:port`. */
  constructor(target: string) {
    this.#target = target
  }

  state(): Promise<ClusterState> {
    return this.#ask('GET', 'state') as Promise<ClusterState>
  }

  /** Resolves when the fault is in force; a failover: when a reader is promoted. */
  inject(fault: Fault): Promise<InjectedFault> {
    return this.#ask('POST', 'faults', fault) as Promise<InjectedFault>
  }

  async heal(id: string): Promise<void> {
    await this.#ask('DELETE', `faults/${encodeURIComponent(id)}`)
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const headers = { 'Content-Type': 'application/json' }
    const content = body === undefined ? {} : { headers, body: toJson(body) }
    const url = `http://${this.#target}/${path}`
    const response = await fetch(url, { method, ...content }).catch(() => {
      throw new CommandError(
        `no simulator answers at ${this.#target}: start one with aurora-simulator start, or name another with --control`,
      )
    })
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok && answer !== undefined) return answer
    const told = (answer as { error?: unknown } | undefined)?.error
    throw new CommandError(
      typeof told === 'string' ? told : `${this.#target} answers, but is no simulator`,
    )
  }
}
