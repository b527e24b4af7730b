#!/usr/bin/env node
import { runProgram } from './program.js'

const writer = (stream: NodeJS.WriteStream) => ({
  line: (text = '') => {
    stream.write(`${text}\n`)
  },
})

const output = { out: writer(process.stdout), error: writer(process.stderr) }
void runProgram(process.argv.slice(2), output).then((code) => {
  process.exitCode = code
})
