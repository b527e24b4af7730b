// What importing a module costs a new process. Given its name in the first argument; prints one line of JSON.

const beforeMs = performance.now()
await import(process.argv[2])
const tookMs = performance.now() - beforeMs
globalThis.gc()
process.stdout.write(JSON.stringify({ tookMs, rssKb: process.memoryUsage.rss() / 1_024 }))
