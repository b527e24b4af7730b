import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { root } from './workspace.mjs'

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] default: the root of the workspace
 * @property {Record<string, string | undefined>} [env] added to this process's environment
 * @property {boolean} [quiet] keep the output instead of showing it; default false
 * @property {number} [timeoutMs] the child is killed after it; default: none
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
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: childEnvironment(options.env),
      stdio: ['ignore', options.quiet ? 'pipe' : 'inherit', options.quiet ? 'pipe' : 'inherit'],
      // On Windows the tools are .cmd files, which only a shell starts.
      shell: process.platform === 'win32' && command !== process.execPath,
    })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))

    let isTimedOut = false
    const timer = options.timeoutMs
      ? setTimeout(() => {
          isTimedOut = true
          child.kill('SIGKILL')
        }, options.timeoutMs)
      : undefined

    // Ctrl-C reaches the child by itself; this process only has to outlive it, so that the child can clean up.
    const stay = () => {}
    const forward = () => child.kill('SIGTERM')
    process.on('SIGINT', stay)
    process.on('SIGTERM', forward)

    /** @param {boolean} isGreen */
    const end = (isGreen) => {
      clearTimeout(timer)
      process.off('SIGINT', stay)
      process.off('SIGTERM', forward)
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
