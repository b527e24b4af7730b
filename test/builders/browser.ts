/** A person at a browser: keeps the cookies of one site. */
export class Browser {
  readonly #origin: string
  readonly #cookies = new Map<string, string>()

  constructor(origin: string, cookies: ReadonlyMap<string, string> = new Map()) {
    this.#origin = origin
    this.#cookies = new Map(cookies)
  }

  /** What it sends as its `cookie` header. */
  get cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** The same person, whose next request another process answers. */
  at(origin: string): Browser {
    return new Browser(origin, this.#cookies)
  }

  get<T>(path: string): Promise<T> {
    return this.#ask<T>('GET', path)
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.#ask<T>('POST', path, body)
  }

  /** @throws what the application says about its error: `code`, `message`, `aurora` */
  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.#origin}${path}`, {
      method,
      headers: {
        cookie: this.cookieHeader,
        origin: this.#origin,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split('; ')
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      const isGone = value === '' || attributes.some((each) => each.toLowerCase() === 'max-age=0')
      if (isGone) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(`${method} ${path}`), answer)
    return answer as T
  }
}
