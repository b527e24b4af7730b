// What routing a statement costs before anything is sent: a text never seen, one seen before, texts up to 16 MB, and the
// heap after a million texts that differ. A loop that only looks at each character tells how fast the machine is.
//
//   node --expose-gc test/bench/classify-sql/index.mjs

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'tsup'

const POLICY = fileURLToPath(new URL('../../../packages/driver/src/policy/', import.meta.url))
const LIMITS = { maxEntries: 2000, maxBytes: 4 << 20, maxTextLength: 16 << 10 }
const ROUNDS = 7

const USUAL =
  "SELECT u.id, u.name, u.email, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE u.status = ? AND o.created_at > DATE_SUB(NOW(), INTERVAL 7 DAY) AND u.name LIKE 'a%' ORDER BY o.id DESC LIMIT 5"
const QUOTED =
  'SELECT `User`.`id`, `User`.`name`, `User`.`email`, `Orders`.`total` AS `Orders.total` FROM `Users` AS `User` LEFT OUTER JOIN `Orders` AS `Orders` ON `User`.`id` = `Orders`.`userId` WHERE `User`.`id` = 1;'
const WRITE = 'INSERT INTO orders (user_id, total, status) VALUES (?, ?, ?)'

/** The sources as they are bundled, since a test runner's module wrapper would be measured instead. */
async function load() {
  const folder = await mkdtemp(join(tmpdir(), 'aurora-mysql2-bench-'))
  try {
    await build({
      entry: [join(POLICY, 'classify-sql.ts'), join(POLICY, 'sql-classifier.ts')],
      noExternal: ['lru-cache'],
      outDir: folder,
      outExtension: () => ({ js: '.mjs' }),
      format: 'esm',
      target: 'node20',
      config: false,
      silent: true,
    })
    const [{ classifySql }, { SqlClassifier }] = await Promise.all(
      ['classify-sql.mjs', 'sql-classifier.mjs'].map(
        (file) => import(pathToFileURL(join(folder, file)).href),
      ),
    )
    return { classifySql, SqlClassifier }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Nanoseconds of processor time per call, the best of some rounds: others use this machine too. */
function measure(times, work) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const from = process.cpuUsage()
    for (let count = 0; count < times; count++) {
      work()
    }
    const { user, system } = process.cpuUsage(from)
    return ((user + system) * 1000) / times
  })
  return Math.min(...rounds)
}

/** The least that reading a text takes. */
function look(text) {
  let seen = 0
  for (let index = 0; index < text.length; index++) {
    seen ^= text.charCodeAt(index)
  }
  return seen
}

const { classifySql, SqlClassifier } = await load()
const memo = new SqlClassifier(LIMITS)
const table = {
  [`each of ${USUAL.length} characters looked at`]: measure(200_000, () => look(USUAL)),
  [`first answer, ${USUAL.length} characters`]: measure(200_000, () => classifySql(USUAL)),
  [`first answer, ${QUOTED.length} characters, names quoted`]: measure(200_000, () =>
    classifySql(QUOTED),
  ),
  [`first answer, a write of ${WRITE.length} characters`]: measure(200_000, () =>
    classifySql(WRITE),
  ),
  'memoised answer': measure(2_000_000, () => memo.classify(USUAL)),
}
console.table(
  Object.fromEntries(Object.entries(table).map(([what, ns]) => [what, { ns: Math.round(ns) }])),
)

const SIZES = [1, 4, 16]
const SHAPES = {
  rows: (size) => `INSERT INTO t VALUES ${"(1,'a','b'),".repeat(size / 12)}(1,'a','b')`,
  'one literal': (size) => `SELECT '${'x'.repeat(size)}'`,
  'escaped quotes': (size) => `SELECT ${"'it\\'s',".repeat(size / 8)}1`,
}
console.table(
  Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [
      name,
      Object.fromEntries(
        SIZES.map((megabytes) => {
          const text = shape(megabytes << 20)
          return [`${megabytes} MB, ms`, Math.round(measure(1, () => classifySql(text)) / 1e6)]
        }),
      ),
    ]),
  ),
)

const classifier = new SqlClassifier(LIMITS)
const heap = {}
for (let count = 0; count <= 1_000_000; count++) {
  classifier.classify(`SELECT * FROM t WHERE id = ${count} AND name = 'somebody'`)
  if (count % 250_000 === 0) {
    globalThis.gc?.()
    heap[`${count} distinct statements`] = {
      'heap, MB': Math.round(process.memoryUsage().heapUsed / (1 << 20)),
    }
  }
}
console.table(heap)
