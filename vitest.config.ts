import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { inlineTextForVite } from './packages/simulator/inline-text.js'

const fromRoot = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** One test project: the tests below `root`, in files named `*.test.ts`. */
function project(name: string, root: string) {
  return {
    extends: true as const,
    test: {
      name,
      root: fromRoot(root),
      include: ['**/*.test.ts'],
      exclude: ['**/node_modules/**', 'consumers/**'],
    },
  }
}

/** What the driver's entries are made of, and what they are made into. */
const DRIVER_ENTRIES = [
  { name: 'aurora-mysql2', source: 'src/index.ts', built: 'dist/index.js' },
  { name: 'aurora-mysql2/promise', source: 'src/promise.ts', built: 'dist/promise.js' },
  { name: 'aurora-mysql2/mysql2', source: 'src/adapters/mysql2.ts', built: 'dist/mysql2.js' },
  {
    name: 'aurora-mysql2/mysql2/promise',
    source: 'src/adapters/mysql2-promise.ts',
    built: 'dist/mysql2-promise.js',
  },
  { name: 'aurora-mysql2/knex', source: 'src/adapters/knex.ts', built: 'dist/knex.js' },
] as const

function driverAliases(form: 'source' | 'built') {
  return DRIVER_ENTRIES.map(({ name, [form]: file }) => ({
    find: new RegExp(`^${name}$`),
    replacement: fromRoot(`packages/driver/${file}`),
  }))
}

/**
 * What spans packages. As part of `npm test` it is run with the driver as it is published, whose code has been through a bundler and a
 * minifier; its own tests, in its own project, run with its sources.
 */
function workspaceProject() {
  const workspace = project('workspace', 'test')
  if (process.env.TEST_DRIVER !== 'built') return workspace
  const server = { deps: { external: [/packages.driver.dist/] } }
  const test = { ...workspace.test, server }
  return { ...workspace, resolve: { alias: driverAliases('built') }, test }
}

export default defineConfig({
  // The simulator's page is bundled into its sources.
  plugins: [inlineTextForVite()],
  resolve: {
    // Tests meet the packages as source, so that one test file runs without a build.
    alias: [
      ...driverAliases('source'),
      { find: /^aurora-mysql2-prisma$/, replacement: fromRoot('packages/prisma/src/index.ts') },
      {
        find: /^aurora-mysql2-simulator$/,
        replacement: fromRoot('packages/simulator/src/index.ts'),
      },
      {
        find: /^aurora-mysql2-simulator\/rehearsal$/,
        replacement: fromRoot('packages/simulator/src/rehearsal.ts'),
      },
    ],
  },
  test: {
    projects: [
      project('driver', 'packages/driver'),
      project('simulator', 'packages/simulator'),
      project('prisma', 'packages/prisma'),
      workspaceProject(),
    ],
    pool: 'forks',
    // Tests wait more than they compute: with two at once, two cores were idle half of the time.
    maxWorkers: 3,
    // Generous, because a limit says "this hangs" and never "this is slow".
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // Every delay of a scenario is multiplied by this; 1 is full length.
    env: { TEST_TIME_SCALE: process.env.TEST_TIME_SCALE ?? '0.25' },
  },
})
