// Entry of every `npm run …` command. It runs before anything is installed, so that this file and all that it
// imports use nothing but Node's own modules.

const OLDEST_NODE_MAJOR = 20

const [nodeMajor = 0] = process.versions.node.split('.').map(Number)
if (nodeMajor < OLDEST_NODE_MAJOR) {
  console.error(
    `Node ${OLDEST_NODE_MAJOR} or later is needed, this is ${process.version}: see https://nodejs.org`,
  )
  process.exit(1)
}

// Imported only now: an old Node must get the sentence above, not a syntax error.
const { runTask } = await import('./tasks.mjs')
process.exitCode = await runTask(process.argv[2], process.argv.slice(3))
