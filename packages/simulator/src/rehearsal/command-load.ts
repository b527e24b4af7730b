import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.js'
import { startNameServer } from '../names/name-server.js'
import { type ConnectionHosts, connectionEnvironment } from './connection-environment.js'
import type { CommandRecord } from './records.js'
import type { RunningLoad } from './running-load.js'

/** A command may need this long until its first statement. */
const startLimitMs = 30_000

/** How often the first statement, and at the end the last process, is looked for. */
const lookEveryMs = 20

/** After SIGTERM; then it is killed. */
const graceMs = 5000

/** Starts the user's own command with the connection in its environment; what it writes passes through. */
export async function startCommandLoad(
  words: readonly string[],
  cluster: Cluster,
  hosts: ConnectionHosts,
): Promise<RunningLoad> {
  const nameServer = hosts === 'names' ? await startNameServer({ cluster }) : undefined
  const startedAtMs = performance.now()
  const [file = '', ...args] = words
  const child = spawn(file, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own, so that what the command starts ends with it.
    detached: true,
    env: { ...process.env, ...connectionEnvironment(cluster, nameServer) },
  })
  let ended: CommandRecord['ended']
  const exit = exitOf(child).then((how) => {
    ended = { atMs: performance.now() - startedAtMs, how }
    return how
  })
  const stop = async () => {
    const command: CommandRecord = ended ? { words, ended } : { words }
    await end(child, exit)
    await nameServer?.close()
    return { loads: [], command }
  }
  let stopping: ReturnType<typeof stop> | undefined
  return {
    began: firstStatement(cluster, exit, hosts),
    ended: exit.then(
      () => undefined,
      // One that cannot be started never begins.
      () => undefined,
    ),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

async function exitOf(child: ChildProcess): Promise<string> {
  const [code, signal] = await once(child, 'exit').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The command '${child.spawnfile}' cannot be started: ${error.code}`)
  })
  return signal ? `by ${signal}` : `with exit code ${code}`
}

async function firstStatement(
  cluster: Cluster,
  exit: Promise<string>,
  hosts: ConnectionHosts,
): Promise<void> {
  let how: string | undefined
  const noteExit = exit.then((text) => {
    how = text
  })
  const limitMs = performance.now() + startLimitMs
  while (!cluster.instances.some(({ counters }) => counters.statements > 0)) {
    await Promise.race([sleep(lookEveryMs), noteExit])
    if (how !== undefined) throw new Error(`The command ended ${how} before its first statement`)
    if (performance.now() > limitMs) {
      const advice =
        hosts === 'names'
          ? '; if it is not a program of Node.js, let it have addresses instead of names'
          : ''
      throw new Error(
        `The command sent no statement within ${startLimitMs / 1000} s: expected it to connect to MYSQL_HOST and MYSQL_PORT, or to DATABASE_URL${advice}`,
      )
    }
  }
}

/** Ends the whole group: what the command has started may outlive it. */
async function end(child: ChildProcess, exit: Promise<string>): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  const limitMs = performance.now() + graceMs
  // Nobody tells when processes end that are not our own children.
  while (signalGroup(pid, 0) && performance.now() < limitMs) await sleep(lookEveryMs)
  signalGroup(pid, 'SIGKILL')
  await exit
}

/** False: there is nobody left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}
