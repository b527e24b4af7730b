// A process that holds one client and nothing else, so that its CPU time is the client's. Told over IPC what to run.

import { openContestant } from './contestants.mjs'
import { WORKLOADS } from './workloads.mjs'

let client

process.on('message', async ({ open, run, wish }) => {
  try {
    if (open !== undefined) {
      client = await openContestant(open)
      process.send?.({ answer: undefined })
    } else process.send?.({ answer: await WORKLOADS[run](client, wish) })
  } catch (error) {
    process.send?.({ error: `${error.stack}` })
  }
})
process.once('disconnect', () => process.exit())
