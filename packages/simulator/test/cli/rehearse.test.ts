import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../src/cli/program.js'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rehearse-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function rehearse(...args: string[]) {
  const out: string[] = []
  const error: string[] = []
  const lines = (to: string[]) => ({ line: (text = '') => void to.push(text) })
  const output = { out: lines(out), error: lines(error) }
  const code = await runProgram(['rehearse', ...args], output)
  return { code, out: out.join('\n'), error: error.join('\n') }
}

describe('rehearse', () => {
  it('tells what happens, prints the figures and writes the page', async () => {
    const report = join(folder, 'report.html')
    const fields = ['promoteMs', 'dnsMs', 'returnMs'].flatMap((name) => ['--set', `${name}=100`])
    const short = ['--calm-ms', '100', '--after-ms', '1000', '--storage', 'embedded']
    const run = await rehearse('--module', 'mysql2', '--report', report, ...fields, ...short)
    expect([run.code, run.error]).toEqual([0, ''])
    expect(run.out).toContain('instance-2 is promoted, in place of instance-1')
    expect(run.out).toMatch(/^Acknowledged writes lost +0$/m)
    expect(run.out).toMatch(/^Promotion to first write +\d/m)
    expect(run.out).toContain(`Report: ${report}`)
    expect(await readFile(report, 'utf8')).toContain('Failover: the writer crashes')
  })

  it.each([
    [[], 'expected a command after --, or --module'],
    [['--module', 'mysql2', '--', 'true'], 'expected a command after --, or --module'],
    [['--module', 'mysql2', '--fault', 'crush'], 'expected one of crash'],
    [['--module', 'mysql2', '--fault', 'slow'], 'slow needs delayMs'],
    [['--module', 'mysql2', '--set', 'returnMs'], 'expected field=value'],
    [['--module', 'mysql2', '--set', 'returnMs=soon'], 'milliseconds'],
    [['--module', 'no-such-module'], "'no-such-module' cannot be found"],
    [['--calm-ms', 'long', '--', 'true'], 'milliseconds'],
  ])('answers %j with one line that says what was expected', async (args, expected) => {
    const { code, out, error } = await rehearse(...args)
    expect([code, out]).toEqual([2, ''])
    expect(error).toContain(expected)
    expect(error.split('\n')).toHaveLength(1)
  })

  it('says what the command did instead of talking to the cluster', async () => {
    const args = ['--storage', 'embedded', '--', process.execPath, '-e', 'process.exit(3)']
    const { code, error } = await rehearse(...args)
    expect([code, error]).toEqual([
      1,
      'aurora-simulator: The command ended with exit code 3 before its first statement',
    ])
  })
})
