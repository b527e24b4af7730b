import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Cluster } from 'aurora-mysql2-simulator'
import { build } from 'tsup'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Inside node_modules, so that the driver's own dependencies are found from there.
const outDir = fromHere(`../../packages/driver/node_modules/.web-test-${process.pid}`)

/** Builds the driver for the application from its source, and returns where it is. */
export async function buildDriver(): Promise<string> {
  await build({
    entry: [fromHere('../../packages/driver/src/index.ts')],
    outDir,
    format: 'esm',
    config: false,
    dts: false,
    silent: true,
    external: ['mysql2', 'mysql2/promise', 'generic-pool', 'lru-cache'],
  })
  return pathToFileURL(`${outDir}/index.js`).href
}

/** Removes what `buildDriver` made. */
export function removeDriver(): Promise<void> {
  return rm(outDir, { recursive: true, force: true })
}

/** The Nodes at hand: this one, and those that npm brought where it has them for the platform. */
export const NODES: readonly (readonly [name: string, path: string])[] = [
  [`Node ${process.versions.node}`, process.execPath] as const,
  ...(['22', '24'] as const)
    .filter((major) => !process.version.startsWith(`v${major}.`))
    .map((major) => [`Node ${major}`, fromHere(`../node_modules/node-${major}/bin/node`)] as const),
].filter(([, path]) => existsSync(path))

/** The kinds of web server that the application has. */
export const KINDS = ['http', 'http2', 'express', 'fastify'] as const
export type Kind = (typeof KINDS)[number]

/** How a request carries the id: in its address; in its body, sent at once; in a body that comes in pieces. */
export type Carriage = 'query' | 'body' | 'pieces'

interface Answer {
  readonly isSeen: boolean
  /** What the application's `mark()` said when it answered. */
  readonly mark: string
}

/** The application, run by one Node. */
export class WebProcess {
  readonly #ports: Readonly<Record<Kind, number>>
  readonly #end: () => Promise<void>
  // Few connections, each used again and again: what one request leaves on its socket meets the next.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })

  private constructor(ports: Readonly<Record<Kind, number>>, end: () => Promise<void>) {
    this.#ports = ports
    this.#end = end
  }

  static async start(nodePath: string, driver: string, cluster: Cluster): Promise<WebProcess> {
    const { connection } = cluster
    const { aurora: _, ...login } = connection
    const names = Object.fromEntries([
      [connection.host, cluster.writer.address],
      ...cluster.instances.map(({ endpoint, address }) => [endpoint, address]),
    ])
    const child = spawn(nodePath, [fromHere('web-server.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        WEB_SERVER: JSON.stringify({ driver, login, names, aurora: { refreshIntervalMs: 50 } }),
      },
    })
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const lines = createInterface({ input: child.stdout })
    const ports = await new Promise<Record<Kind, number>>((resolve, reject) => {
      lines.once('line', (line) => resolve(JSON.parse(line) as Record<Kind, number>))
      child.once('exit', (code) => reject(new Error(`The web server ended with ${code}`)))
    })
    return new WebProcess(ports, () => {
      child.stdin.end()
      return exited
    })
  }

  /** Asks the application for an action, which may follow somebody's mark, and tells whether it saw the row. */
  async ask(
    kind: Kind,
    action: string,
    id: number,
    carriage: Carriage,
    after = '',
  ): Promise<Answer> {
    const path = `/${action}?after=${after}${carriage === 'query' ? `&id=${id}` : ''}`
    const text = carriage === 'query' ? '' : JSON.stringify({ id })
    const pieces = carriage === 'pieces' ? [text.slice(0, 3), text.slice(3)] : [text]
    const answer = JSON.parse(
      await (kind === 'http2'
        ? this.#askHttp2(path, pieces)
        : this.#askHttp(this.#ports[kind], path, pieces)),
    ) as Answer | { readonly error: string }
    if ('error' in answer) throw new Error(answer.error)
    return answer
  }

  async end(): Promise<void> {
    this.#agent.destroy()
    await this.#end()
  }

  async #askHttp(port: number, path: string, pieces: readonly string[]): Promise<string> {
    const length = Buffer.byteLength(pieces.join(''))
    const headers =
      length === 0 ? {} : { 'content-type': 'application/json', 'content-length': length }
    const method = length === 0 ? 'GET' : 'POST'
    const request = httpRequest({ agent: this.#agent, port, path, method, headers })
    const answered = new Promise<string>((resolve, reject) => {
      request.on('error', reject)
      request.on('response', async (response) => {
        let body = ''
        for await (const chunk of response) body += chunk
        resolve(body)
      })
    })
    if (length > 0) await send(request, pieces)
    request.end()
    return await answered
  }

  async #askHttp2(path: string, pieces: readonly string[]): Promise<string> {
    const session = connectHttp2(`http://127.0.0.1:${this.#ports.http2}`)
    try {
      const stream = session.request({ ':path': path, ':method': 'POST' }, { endStream: false })
      await send(stream, pieces)
      stream.end()
      let body = ''
      for await (const chunk of stream) body += chunk
      return body
    } finally {
      session.close()
    }
  }
}

/** Pieces that do not reach the server in one segment. */
async function send(
  stream: { write(piece: string): boolean },
  pieces: readonly string[],
): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, 15))
    if (piece !== '') stream.write(piece)
  }
}
