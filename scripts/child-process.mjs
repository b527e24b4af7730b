import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './workspace.mjs'

/** The longest that a timer can wait. */
const NEVER_MS = 2 ** 31 - 1

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] default: the root of the workspace
 * @property {Record<string, string | undefined>} [env] added to this process's environment
 * @property {boolean} [quiet] keep the output instead of showing it; default false
 * @property {number} [timeoutMs] the child and all that it started are killed after it; default: none
 */

/**
 * @typedef {object} RunResult
 * @property {boolean} isGreen whether the exit code was 0
 * @property {string} output what was kept under `quiet`, standard output and error in order of arrival
 */

/**
 * Runs one program to its end. The tools of the workspace are on its PATH.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    // A group of its own, so that its own children can be ended with it.
    const isGroup = options.timeoutMs !== undefined && process.platform !== 'win32'
    const child = spawn(command, args, {
      detached: isGroup,
      cwd: options.cwd ?? root,
      env: childEnvironment(options.env),
      stdio: ['ignore', options.quiet ? 'pipe' : 'inherit', options.quiet ? 'pipe' : 'inherit'],
      // On Windows the tools are .cmd files, which only a shell starts.
      shell: process.platform === 'win32' && command !== process.execPath,
    })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))

    /** @param {NodeJS.Signals} signal */
    const kill = (signal) => {
      if (child.pid === undefined) return
      try {
        process.kill(isGroup ? -child.pid : child.pid, signal)
      } catch {
        // It has ended already.
      }
    }
    let isTimedOut = false
    const timer = setTimeout(() => {
      isTimedOut = true
      kill('SIGKILL')
    }, options.timeoutMs ?? NEVER_MS)

    // This process outlives the child, so that the child can clean up. Ctrl-C reaches a child of the same group by itself.
    const interrupt = () => isGroup && kill('SIGINT')
    const terminate = () => kill('SIGTERM')
    process.on('SIGINT', interrupt)
    process.on('SIGTERM', terminate)

    /** @param {boolean} isGreen */
    const end = (isGreen) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', terminate)
      if (isTimedOut) output += `\n${command} was stopped after ${options.timeoutMs} ms`
      resolve({ isGreen, output: output.trimEnd() })
    }
    child.on('error', (error) => {
      output += error.message
      end(false)
    })
    child.on('close', (code) => end(code === 0))
  })
}

/**
 * Runs npm, the very one that started this process when there is one.
 *
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNpm(args, options) {
  const cli = process.env.npm_execpath
  return cli?.endsWith('npm-cli.js')
    ? run(process.execPath, [cli, ...args], options)
    : run('npm', args, options)
}

/** @param {Record<string, string | undefined>} [extra] */
function childEnvironment(extra = {}) {
  const path = extra.PATH ?? process.env.PATH ?? ''
  return {
    ...process.env,
    ...extra,
    PATH: [join(root, 'node_modules', '.bin'), path].join(delimiter),
  }
}
