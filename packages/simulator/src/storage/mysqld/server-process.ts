import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, statfs } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDataDirectory } from './data-template.js'
import type { ServerProgram } from './find-server.js'
import { serverFlags } from './server-flags.js'

const startLimitMs = 20_000
const startPollMs = 5

/** A file system in memory, where there is one. */
const memoryFolder = '/dev/shm'
const roomBytes = 512 * 1024 * 1024

/**
 * The watcher runs the server, once told to, and waits for the end of its input, which comes when this
 * process closes the pipe or ends itself, however it ends. Then it ends the server and removes its
 * directory. When this process ends while it still prepares the data, what it has started may write for
 * some seconds more, so the directory is removed until it stays away. The watcher has a process group of its
 * own, so that Ctrl-C does not take the server away from tests that still clean up. File 3 is held by the
 * server alone: its end tells that the server is gone.
 */
const watcherScript = `
directory=$1
shift
word=
read -r word
case $word in
start)
  "$@" </dev/null >/dev/null 2>&1 &
  server=$!
  exec 3>&-
  read -r _
  kill -KILL "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  ;;
cancel) ;;
*)
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$directory"
    sleep 1
  done
  ;;
esac
rm -rf "$directory"
`

/** A running private server. */
export interface ServerProcess {
  readonly socketPath: string
  /** Ends the server and removes its directory. */
  stop(): Promise<void>
}

/** Starts a server on a fresh data directory and waits until it accepts connections. */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const directory = await mkdtemp(join(await roomyFolder(), 'aurora-sim-'))
  const command = [program.path, ...serverFlags(program, directory)]
  const watcher = spawn('/bin/sh', ['-c', watcherScript, 'aurora-sim', directory, ...command], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
  })
  const closed = once(watcher, 'close')
  const stop = async () => {
    watcher.ref()
    // Read only while no server has been started.
    watcher.stdin?.end('cancel\n')
    await closed
  }
  try {
    await makeDataDirectory(program, directory)
    watcher.stdin?.write('start\n')
    const socketPath = join(directory, 's.sock')
    await untilReady(watcher, socketPath, directory)
    return { socketPath, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Memory, where there is enough of it; containers often have 64 MB there, too little for a server's files. */
async function roomyFolder(): Promise<string> {
  const space = await statfs(memoryFolder).catch(() => undefined)
  return space && space.bavail * space.bsize >= roomBytes ? memoryFolder : tmpdir()
}

async function untilReady(watcher: ChildProcess, socketPath: string, directory: string) {
  let hasEnded = false
  const held = watcher.stdio[3] as Socket
  held.resume().once('end', () => {
    hasEnded = true
  })
  const deadline = performance.now() + startLimitMs
  while (!(await canConnect(socketPath))) {
    if (hasEnded || performance.now() > deadline) {
      const log = await readFile(join(directory, 'error.log'), 'utf8').catch(() => '')
      const last = log.trim().split('\n').slice(-5).join('\n')
      throw new Error(`The database server did not start. The end of its log:\n${last}`)
    }
    await sleep(startPollMs)
  }
  // From here on the cluster's listeners hold the process, not the watcher.
  watcher.unref()
  held.unref()
  ;(watcher.stdin as Socket).unref()
}

function canConnect(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.once('connect', () => socket.destroy())
  })
}
