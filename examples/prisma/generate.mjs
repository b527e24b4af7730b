// What `prisma generate` does, without a network: by default it fetches an engine that only migrations need. Any file that
// exists, named as that engine, keeps it from doing so.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const prisma = dirname(createRequire(import.meta.url).resolve('prisma/package.json'))
const { status } = spawnSync(
  process.execPath,
  [join(prisma, 'build/index.js'), 'generate', '--no-hints'],
  {
    cwd: new URL('.', import.meta.url),
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
    stdio: 'inherit',
  },
)
process.exitCode = status ?? 1
