import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet } from 'dns-packet'
import type { NameAnswer } from '../cluster/name-service.js'

/** Response codes of DNS (RFC 1035, section 4.1.1). */
const responseCode = {
  ok: 0,
  malformed: 1,
  serverFailure: 2,
  noName: 3,
  notImplemented: 4,
  refused: 5,
}

/** A header without questions: the least that can be answered. */
const headerBytes = 12

/** The largest answer over UDP that passes every network whole (DNS flag day 2020). */
const udpPayloadSize = 1232

/** What the server knows of a name: the instance that it leads to, or why not. `isOutside`: not of its zones. */
export interface NameSource {
  resolve(name: string, isForAddress: boolean): NameAnswer
  isOutside(name: string): boolean
  readonly ttlMs: number
}

/**
 * The answer to one DNS message; undefined: none is due. A name of the cluster's own leads through a CNAME to the
 * instance's name and from there to its address; a name outside the cluster's zones is refused, so that a resolver
 * asks its next server.
 */
export function answerQuestion(message: Buffer, source: NameSource): Buffer | undefined {
  const query = decoded(message)
  if (query === 'response') return undefined
  if (query === 'malformed') return message.length < headerBytes ? undefined : formatError(message)
  const [question] = query.questions ?? []
  // Bits 11 to 14 tell what is wanted; 0 is a question.
  const isQuestion = (((query.flags ?? 0) >> 11) & 0xf) === 0
  if (!isQuestion) return reply(query, responseCode.notImplemented, [])
  if (!question || query.questions?.length !== 1) return reply(query, responseCode.malformed, [])
  const { name, type } = question
  if (source.isOutside(name)) return reply(query, responseCode.refused, [])
  const asksAddress = type === 'A'
  const found = source.resolve(name, asksAddress)
  if (found === 'unavailable') return reply(query, responseCode.serverFailure, [])
  if (found === 'unknown') return reply(query, responseCode.noName, [])
  const ttl = source.ttlMs / 1000
  const answers: Answer[] = []
  const isAlias = name.toLowerCase().replace(/\.$/, '') !== found.endpoint
  if (isAlias) answers.push({ type: 'CNAME', name, ttl, data: found.endpoint })
  if (asksAddress) {
    const owner = isAlias ? found.endpoint : name
    answers.push({ type: 'A', name: owner, ttl, data: found.address })
  }
  return reply(query, responseCode.ok, answers)
}

function decoded(message: Buffer): Packet | 'response' | 'malformed' {
  try {
    const packet = decode(message)
    return packet.type === 'response' ? 'response' : packet
  } catch {
    return 'malformed'
  }
}

function reply(query: Packet, code: number, answers: Answer[]): Buffer {
  const hasExtensions = query.additionals?.some((each) => each.type === 'OPT') ?? false
  const extensions: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }
  return encode({
    type: 'response',
    ...(query.id === undefined ? {} : { id: query.id }),
    // What a resolver asked for is repeated: RD is bit 8.
    flags: AUTHORITATIVE_ANSWER | ((query.flags ?? 0) & 0x100) | code,
    questions: query.questions ?? [],
    answers,
    additionals: hasExtensions ? [extensions] : [],
  })
}

function formatError(message: Buffer): Buffer {
  return encode({
    type: 'response',
    id: message.readUInt16BE(0),
    flags: responseCode.malformed,
  })
}
