import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { checkTypes } from './check-types.mjs'
import { run, runNpm } from './child-process.mjs'
import { ensureChromium } from './ensure-chromium.mjs'
import { ensureMysqld } from './ensure-mysqld.mjs'
import { packPackages } from './pack.mjs'
import { isFile, packagesBelow, TaskError } from './workspace.mjs'

/** They mostly wait for each other's servers and failovers. */
const EXAMPLES_AT_ONCE = 2
/** An example that takes longer than this hangs. */
const EXAMPLE_LIMIT_MS = 180_000

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 */

/**
 * @typedef {object} Context
 * @property {(line: string) => void} say
 * @property {Record<string, string>} env for every test
 * @property {string} scratch a folder that is removed at the end
 */

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {(context: Context) => Promise<Tally>} check
 */

/**
 * What is true of the text alone, and the build.
 *
 * @type {readonly Step[]}
 */
const SOURCE_STEPS = [
  { title: 'Format and lint', check: () => check('biome', ['check', '--error-on-warnings']) },
  { title: 'Types', check: types },
  { title: 'Layers', check: () => check('node', ['scripts/check-layers.mjs']) },
  { title: 'Build', check: async ({ say }) => ({ passed: await ensureBuilt(say), failed: 0 }) },
]

/**
 * What the packages do, once built.
 *
 * @type {readonly Step[]}
 */
export const BEHAVIOUR_STEPS = [
  { title: 'Unit, spec and end-to-end tests', check: unitTests },
  { title: 'Examples', check: examples },
  { title: 'Packed packages and their consumers', check: packedPackages },
]

/** Everything that a change must pass. */
export const ALL_STEPS = [...SOURCE_STEPS, ...BEHAVIOUR_STEPS]

/**
 * Runs the steps in order up to the first that is not green, and closes with how many checks passed and failed.
 *
 * @param {(line: string) => void} say
 * @param {readonly Step[]} steps
 * @param {Record<string, string>} [env] for every test
 */
export async function runSuite(say, steps, env = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'aurora-mysql2-suite-'))
  const total = { passed: 0, failed: 0 }
  try {
    for (const [index, { title, check }] of steps.entries()) {
      const place = `${index + 1}/${steps.length}`
      say(`${place} ${title}`)
      const startedAt = performance.now()
      const { passed, failed } = await check({ say, env, scratch }).catch(failureOf)
      total.passed += passed
      total.failed += failed
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      say(`${place} ${failed === 0 ? 'green' : 'red'} after ${seconds} s`)
      if (failed > 0) break
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0
}

/**
 * @param {unknown} error
 * @returns {Tally}
 */
function failureOf(error) {
  console.error(error instanceof TaskError ? error.message : error)
  return { passed: 0, failed: 1 }
}

/**
 * One command as one check.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<Tally>}
 */
async function check(command, args) {
  const { isGreen } = await run(command, args)
  return isGreen ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** @returns {Promise<Tally>} */
async function types() {
  const { passed, failures } = await checkTypes()
  for (const failure of failures) console.error(failure)
  return { passed, failed: failures.length }
}

/** @param {Context} context */
async function unitTests(context) {
  await ensureMysqld(context.say)
  await ensureChromium(context.say)
  return vitest(context, 'vitest.config.ts', { TEST_DRIVER: 'built' })
}

/** @param {Context} context */
async function packedPackages(context) {
  const tarballs = await packPackages(context.scratch)
  return vitest(context, 'test/consumers/vitest.config.ts', {
    PACKED_PACKAGES: JSON.stringify(tarballs),
  })
}

/**
 * @param {Context} context
 * @param {string} config
 * @param {Record<string, string>} extraEnv
 * @returns {Promise<Tally>}
 */
async function vitest({ env, scratch }, config, extraEnv) {
  const reportPath = join(scratch, 'vitest.json')
  rmSync(reportPath, { force: true })
  const { isGreen } = await run(
    'vitest',
    [
      'run',
      '--config',
      config,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportPath}`,
    ],
    { env: { ...env, ...extraEnv } },
  )
  if (!isFile(reportPath)) return { passed: 0, failed: 1 }
  const report = JSON.parse(readFileSync(reportPath, 'utf8'))
  const passed = report.numPassedTests
  // A skipped test proves nothing, so it counts as failed.
  const failed = report.numTotalTests - passed
  if (failed > report.numFailedTests) console.error('Skipped tests count as failed.')
  // A file that cannot be loaded and an error outside of any test fail the run without failing a test.
  return { passed, failed: isGreen ? failed : Math.max(failed, 1) }
}

/**
 * Every example runs to its end with exit code 0: its `test` script, or its `start` script without one. What has neither is
 * shared by examples.
 *
 * @param {Context} context
 */
async function examples({ say, env }) {
  const left = packagesBelow('examples').flatMap(({ folder, label, manifest }) => {
    const script = ['test', 'start'].find((name) => manifest.scripts?.[name])
    return script === undefined ? [] : [{ folder, label, script }]
  })
  const total = { passed: 0, failed: 0 }
  const runSome = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { folder, label, script } = next
      const { isGreen, output } = await runNpm(['run', '--silent', script], {
        cwd: folder,
        env,
        quiet: true,
        timeoutMs: EXAMPLE_LIMIT_MS,
      })
      say(`${label}: ${isGreen ? 'passed' : 'failed'}`)
      if (!isGreen) console.error(output)
      total[isGreen ? 'passed' : 'failed'] += 1
    }
  }
  await Promise.all(Array.from({ length: EXAMPLES_AT_ONCE }, runSome))
  return total
}
