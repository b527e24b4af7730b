// Faults rain on a simulated cluster while an application does everything that applications do; whatever the driver promises is
// checked all the time. The same seed brings the same faults in the same order.
//
//   npm run soak -- [--minutes 5] [--seed 1] [--only failover,slow]
//
// Ends with exit code 1 and the time line of faults and events when a promise was broken.

import { parseArgs } from 'node:util'
import { soak } from './soak.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
const seed = Number(values.seed)
console.log(`Seed ${seed}, ${values.minutes} minutes`)
const result = await soak({
  seed,
  forMs: Number(values.minutes) * 60_000,
  ...(values.only === undefined ? {} : { only: values.only.split(',') }),
  say: (line) => console.log(line),
})

console.log('\nFaults')
for (const [fault, count] of result.faults) console.log(`  ${fault}: ${count}`)
console.log('Requests (failed)')
for (const [name, { ended, failed }] of result.requests) {
  console.log(`  ${name}: ${ended} (${failed})`)
}
console.log(`Writes: ${JSON.stringify(result.writes)}`)
console.log(`Heap, MB: ${result.heapBytes.map((bytes) => Math.round(bytes / 2 ** 20)).join(' ')}`)
if (result.violations.length > 0) {
  console.error(`\n${result.timeLine.join('\n')}`)
  console.error(`\nSeed ${seed} broke ${result.violations.length} promises:`)
  for (const violation of result.violations.slice(0, 20)) console.error(`- ${violation}`)
  process.exitCode = 1
}
