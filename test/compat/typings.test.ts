import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { useBench } from './drivers.js'
import { specimens } from './specimens.js'

const bench = useBench()

/** Where each of them stands in mysql2's typings. */
const TYPES: readonly (readonly [string, 'mysql2' | 'mysql2/promise', string])[] = [
  ['Pool', 'mysql2', 'Pool'],
  ['PoolConnection', 'mysql2', 'PoolConnection'],
  ['Connection', 'mysql2', 'Connection'],
  ['PoolCluster', 'mysql2', 'PoolCluster'],
  ['PoolNamespace', 'mysql2', 'PoolNamespace'],
  ['Query', 'mysql2', 'Query'],
  ['PreparedStatementInfo', 'mysql2', 'PrepareStatementInfo'],
  ['PromisePool', 'mysql2/promise', 'Pool'],
  ['PromisePoolConnection', 'mysql2/promise', 'PoolConnection'],
  ['PromiseConnection', 'mysql2/promise', 'Connection'],
  ['PromisePoolCluster', 'mysql2/promise', 'PoolCluster'],
  ['PromisePoolNamespace', 'mysql2/promise', 'PoolNamespace'],
  ['PreparedStatementInfo of the promise API', 'mysql2/promise', 'PreparedStatementInfo'],
]

/** What mysql2 declares and has not itself. Whatever a later version declares, and ours has not, is not in this list, and fails. */
const DECLARED_ONLY: Readonly<Record<string, readonly string[]>> = {
  Pool: ['unprepare'],
  PoolConnection: ['connection'],
  PoolCluster: ['config'],
  Query: ['determinePacket'],
  PromisePool: [
    'beginTransaction',
    'changeUser',
    'commit',
    'config',
    'connect',
    'destroy',
    'pause',
    'ping',
    'prepare',
    'reset',
    'resume',
    'rollback',
    'state',
    'threadId',
    'unprepare',
  ],
  PromisePoolConnection: ['state'],
  PromiseConnection: ['state'],
  PromisePoolCluster: ['config'],
}

/** Of Node, and declared of some that are none. */
const OF_EMITTERS = new Set([
  ...Object.getOwnPropertyNames(EventEmitter.prototype),
  'Symbol(Symbol.captureRejectionSymbol)',
])

/** The members of an exported type, whatever it inherits included. */
function declared(module: string, name: string): string[] {
  const path = createRequire(import.meta.url)
    .resolve(module)
    .replace(/\.js$/, '.d.ts')
  const program = programOf(path)
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(path)
  const exporting = file && checker.getSymbolAtLocation(file)
  const symbol =
    exporting && checker.getExportsOfModule(exporting).find((each) => each.name === name)
  if (symbol === undefined) throw new Error(`${module} exports no type ${name}`)
  const aliased = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(aliased))
    .map(({ name: member }) => member.replace(/^__@(\w+?)(@\d+)?$/, 'Symbol(Symbol.$1)'))
    .filter((member) => !OF_EMITTERS.has(member))
}

const programs = new Map<string, ts.Program>()

function programOf(path: string): ts.Program {
  const known = programs.get(path)
  if (known !== undefined) return known
  const made = ts.createProgram([path], { strict: true, target: ts.ScriptTarget.ESNext })
  programs.set(path, made)
  return made
}

function has(on: object | undefined, member: string): boolean {
  const symbol = /^Symbol\(Symbol\.(\w+)\)$/.exec(member)?.[1]
  const key = symbol === undefined ? member : (Symbol as unknown as Record<string, symbol>)[symbol]
  return on !== undefined && key !== undefined && key in on
}

describe('what mysql2’s typings declare', () => {
  let theirs: Readonly<Record<string, object>>
  let ours: Readonly<Record<string, object>>

  beforeAll(async () => {
    theirs = await specimens(bench(), 'mysql2')
    ours = await specimens(bench(), 'ours on three instances, split')
  })

  it.each(TYPES)('of %s is there', (kind, module, name) => {
    const members = declared(module, name)
    expect(members.length).toBeGreaterThan(1)
    const known = DECLARED_ONLY[kind] ?? []
    expect(members.filter((each) => !has(ours[kind], each) && !known.includes(each))).toEqual([])
  })

  it.each(Object.entries(DECLARED_ONLY))('of %s is not there in mysql2 either', (kind, members) => {
    expect(members.filter((member) => has(theirs[kind], member))).toEqual([])
  })
})
