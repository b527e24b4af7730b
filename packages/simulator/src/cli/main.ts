#!/usr/bin/env node
import { runProgram } from './program.js'

const writer = (stream: NodeJS.WriteStream) => ({
  line: (text = '') => {
    stream.write(`${text}\n`)
  },
})

// Whoever reads the output may have read enough: `aurora-simulator status | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const output = { out: writer(process.stdout), error: writer(process.stderr) }
void runProgram(process.argv.slice(2), output).then((code) => {
  process.exitCode = code
})
