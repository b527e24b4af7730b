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

/**
 * What spans packages. As part of `npm test` it is run with the driver as it is published, whose code has been through a bundler and a
 * minifier; its own tests, in its own project, run with its sources.
 */
function workspaceProject() {
  const workspace = project('workspace', 'test')
  if (process.env.TEST_DRIVER !== 'built') return workspace
  const entries = { '': 'index', '/promise': 'promise', '/knex': 'knex', '/mysql2': 'mysql2' }
  const alias = Object.entries({ ...entries, '/mysql2/promise': 'mysql2-promise' }).map(
    ([path, file]) => ({
      find: new RegExp(`^aurora-mysql2${path}$`),
      replacement: fromRoot(`packages/driver/dist/${file}.js`),
    }),
  )
  const server = { deps: { external: [/packages.driver.dist/] } }
  return { ...workspace, resolve: { alias }, test: { ...workspace.test, server } }
}

export default defineConfig({
  // The simulator's page is bundled into its sources.
  plugins: [inlineTextForVite()],
  resolve: {
    // Tests meet the packages as source, so that one test file runs without a build.
    alias: [
      { find: /^aurora-mysql2$/, replacement: fromRoot('packages/driver/src/index.ts') },
      { find: /^aurora-mysql2\/promise$/, replacement: fromRoot('packages/driver/src/promise.ts') },
      {
        find: /^aurora-mysql2\/mysql2$/,
        replacement: fromRoot('packages/driver/src/adapters/mysql2.ts'),
      },
      {
        find: /^aurora-mysql2\/mysql2\/promise$/,
        replacement: fromRoot('packages/driver/src/adapters/mysql2-promise.ts'),
      },
      {
        find: /^aurora-mysql2\/knex$/,
        replacement: fromRoot('packages/driver/src/adapters/knex.ts'),
      },
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
