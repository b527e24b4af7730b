// A process that holds a server and nothing else. Given which as JSON in the first argument; answers over IPC, and ends with its
// parent.

import { startBareServer } from './bare-server.mjs'
import { startSimulatedCluster } from './simulated-cluster.mjs'

const { kind, ...wish } = JSON.parse(process.argv[2])
const server = kind === 'bare' ? await startBareServer() : await startSimulatedCluster(wish)
process.on('message', async () => process.send?.({ count: await server.statementCount() }))
process.once('disconnect', async () => {
  await server.close()
  process.exit()
})
process.send?.({ target: server.target })
