import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import {
  failure,
  framed,
  greeting,
  MULTI_FACTOR,
  ok,
  PacketReader,
  result,
} from '../cluster/scripted/packets.js'

/** One thing that the server asks for in a login, and what it takes for an answer. */
export interface Question {
  readonly ask: 'switch' | 'more' | 'next factor'
  /** The plugin that is asked for; `more` asks the one that it has. */
  readonly plugin?: string
  readonly data: string
  readonly answer: string
}

const MARKERS = { switch: 0xfe, more: 0x01, 'next factor': 0x02 }
const ACCESS_DENIED = 1045

function packetOf({ ask, plugin, data }: Question): Buffer {
  const name = plugin === undefined ? '' : `${plugin}\0`
  return Buffer.concat([Buffer.from([MARKERS[ask]]), Buffer.from(`${name}${data}`)])
}

/** A server that is not Aurora and asks what it was told to before it lets anybody in. It answers each statement with one row. */
export class LoginServer {
  /** What was answered in each login. */
  readonly logins: string[][] = []
  readonly #questions: readonly Question[]
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(questions: readonly Question[]) {
    this.#questions = questions
    this.#server = createServer((socket) => this.#serve(socket))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    const answers: string[] = []
    this.logins.push(answers)
    const reader = new PacketReader()
    let asked = -1
    socket.on('data', (chunk) => {
      for (const { sequence, command, text } of reader.read(chunk)) {
        if (asked === this.#questions.length) this.#answer(socket, text)
        else {
          if (asked >= 0) answers.push(String.fromCharCode(command) + text)
          const isWrong = asked >= 0 && answers.at(-1) !== this.#questions[asked]?.answer
          const next = this.#questions[++asked]
          if (isWrong) socket.end(failure(ACCESS_DENIED, '28000', 'Access denied', sequence + 1))
          else if (next === undefined) socket.write(ok(sequence + 1, false))
          else socket.write(framed([packetOf(next)], sequence + 1))
        }
      }
    })
    const isMultiFactor = this.#questions.some(({ ask }) => ask === 'next factor')
    socket.write(greeting(this.logins.length, isMultiFactor ? MULTI_FACTOR : 0))
  }

  #answer(socket: Socket, text: string): void {
    socket.write(result(['one'], /aurora_version/.test(text) ? [] : [[1]], false))
  }
}
