const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/** What a process that logs and goes on hears. */
export class Uncaught {
  readonly heard: (readonly [string, unknown])[] = []
  readonly #before = EVENTS.map((event) => process.listeners(event as never))

  listen(): void {
    for (const event of EVENTS) {
      process.removeAllListeners(event)
      process.on(event, (error: unknown) => this.heard.push([event, error]))
    }
  }

  restore(): void {
    for (const [index, event] of EVENTS.entries()) {
      process.removeAllListeners(event)
      for (const listener of this.#before[index] ?? []) process.on(event, listener as never)
    }
  }
}
