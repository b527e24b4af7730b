import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { checkTypes } from './check-types.mjs'
import { run, runNpm } from './child-process.mjs'
import { ensureMysqld } from './ensure-mysqld.mjs'
import { ensureInstalled } from './install.mjs'
import { writeMatrix } from './matrix.mjs'
import { ALL_STEPS, BEHAVIOUR_STEPS, runSuite } from './suite.mjs'
import { testWithMysql2 } from './test-mysql2.mjs'
import { root, TaskError } from './workspace.mjs'

/** @param {string} line */
const say = (line) => console.log(`> ${line}`)

/**
 * Runs a measurement below `test/bench`, on the packages as built.
 *
 * @param {string} name
 * @param {readonly string[]} args
 */
async function bench(name, args) {
  await ensureBuilt(say)
  await ensureMysqld(say)
  const file = join(root, 'test', 'bench', name, 'index.mjs')
  return (await run(process.execPath, [file, ...args])).isGreen
}

/**
 * What `npm run …` can do; each resolves with whether all is well. The workspace is installed before each.
 *
 * @type {Record<string, (args: readonly string[]) => Promise<boolean>>}
 */
const TASKS = {
  demo: async (args) => {
    await ensureBuilt(say)
    const demo = join(root, 'examples', 'demo')
    return (await runNpm(['start', '--silent', '--', ...args], { cwd: demo })).isGreen
  },
  bench: (args) => bench('.', args),
  'bench:recovery': (args) => bench('recovery', args),
  'bench:consistency': (args) => bench('consistency', args),
  'bench:fleet': (args) => bench('fleet', args),
  matrix: async () => {
    await ensureMysqld(say)
    return writeMatrix()
  },
  soak: async (args) => {
    await ensureBuilt(say)
    await ensureMysqld(say)
    return (await run(process.execPath, [join(root, 'test', 'soak', 'index.mjs'), ...args])).isGreen
  },
  test: () => runSuite(say, ALL_STEPS),
  'test:full': () => runSuite(say, ALL_STEPS, { TEST_TIME_SCALE: '1' }),
  'test:behaviour': () => runSuite(say, BEHAVIOUR_STEPS),
  'test:mysql2': ([version]) => testWithMysql2(say, version),
  build: async () => {
    await ensureBuilt(say)
    return true
  },
  lint: async () => (await run('biome', ['check', '--error-on-warnings'])).isGreen,
  format: async () => (await run('biome', ['check', '--write'])).isGreen,
  'check:types': async () => {
    const { failures } = await checkTypes()
    for (const failure of failures) console.error(failure)
    return failures.length === 0
  },
}

/**
 * @param {string | undefined} name
 * @param {readonly string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function runTask(name, args) {
  const task = TASKS[name ?? '']
  try {
    if (!task) throw new TaskError(`Give one of: ${Object.keys(TASKS).join(', ')}`)
    await ensureInstalled(say)
    return (await task(args)) ? 0 : 1
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    console.error(error.message)
    return 1
  }
}
