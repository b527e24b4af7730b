import type { ClusterCore } from './cluster-core.js'
import type { FailoverFault } from './fault.js'
import type { Instance } from './instance.js'

type Settings = Required<Omit<FailoverFault, 'type' | 'to'>> & { readonly to: string | undefined }

/**
 * A failover from the fault to the return of the old writer. Resolves when the new writer serves; names,
 * other instances' copies and the old writer's return follow by themselves. A failover inside another
 * strikes the instance next in line, and whichever promotion comes first with a living reader counts;
 * one after a crash or a silence only promotes.
 * Returns how to end it early: everything that is still to follow happens at once. `hasEnded` hears when all
 * of it has happened.
 */
export async function failOver(
  core: ClusterCore,
  fault: FailoverFault,
  hasEnded: () => void,
): Promise<() => Promise<void>> {
  const settings = resolve(core, fault)
  const isInsideAnother = core.pendingFailovers > 0 && core.writer.state !== 'up'
  const struck = (isInsideAnother ? core.nextWriter() : undefined) ?? core.writer
  const startedAtMs = core.log.nowMs
  core.pendingFailovers += 1
  try {
    await strike(core, struck, settings.how)
    await waitUntil(core, startedAtMs + settings.detectMs)
    core.log.record('writer-lost', struck.id, {})
    await waitUntil(core, startedAtMs + settings.promoteMs)
    if (core.schedule.isStopped) return async () => undefined
    const promotion = await takeOver(core, struck, settings)
    return followUp(core, struck, promotion, settings, hasEnded)
  } finally {
    core.pendingFailovers -= 1
  }
}

async function strike(core: ClusterCore, writer: Instance, how: Settings['how']): Promise<void> {
  if (how === 'planned' || writer.state !== 'up') return
  core.log.record('instance-down', writer.id, { how })
  if (how === 'crash') await writer.crash()
  else writer.hang()
}

/** Who writes now, and how the other instances' copies of the topology learn of it. */
interface Promotion {
  readonly writer: Instance
  thaw(): void
}

async function takeOver(
  core: ClusterCore,
  struck: Instance,
  settings: Settings,
): Promise<Promotion> {
  const thaw = () => undefined
  if (core.writer !== struck && core.writer.state === 'up') return { writer: core.writer, thaw }
  const next = core.nextWriter(settings.to)
  if (!next) return { writer: await restartWriter(core), thaw }
  // The volume takes nothing more from the old writer before it takes anything from the new one.
  if (core.writer.state === 'up') await core.writer.crash()
  else await core.writer.fence()
  const others = core.instances.filter((each) => each !== next)
  const thaws = others.map((each) => each.copy.freeze())
  if (settings.restartPromoted) await next.cutSessions()
  await core.setWriter(next)
  return {
    writer: next,
    thaw() {
      for (const each of thaws) each()
    },
  }
}

/** Without a reader Aurora makes the writer anew. */
async function restartWriter(core: ClusterCore): Promise<Instance> {
  const { writer } = core
  await writer.restart()
  writer.report()
  core.log.record('instance-up', writer.id, { role: 'writer' })
  core.log.record('promoted', writer.id, { from: writer.id })
  return writer
}

function followUp(
  core: ClusterCore,
  struck: Instance,
  promotion: Promotion,
  settings: Settings,
  hasEnded: () => void,
) {
  const { outages } = struck
  const toFollow = new Set<object>()
  const follow = (delayMs: number, action: () => void | Promise<void>) => {
    const step = async () => {
      if (!toFollow.delete(step)) return
      cancel()
      await action()
      if (toFollow.size === 0) hasEnded()
    }
    toFollow.add(step)
    const cancel = core.schedule.after(delayMs, () => void step())
    return step
  }
  const refreshCopies = follow(settings.staleMs, () => promotion.thaw())
  const publishNames = follow(settings.dnsMs, () => core.publishNames())
  const bringBack = follow(settings.returnMs, async () => {
    const isAway = struck.state === 'down' || struck.state === 'hung'
    if (struck === promotion.writer || !isAway || struck.outages !== outages) return
    await struck.restart()
    if (!struck.isUp) return
    struck.report()
    core.log.record('instance-up', struck.id, { role: struck.role })
    core.publishNamesLater(settings.dnsMs)
  })
  return async () => {
    await refreshCopies()
    await bringBack()
    await publishNames()
  }
}

function waitUntil(core: ClusterCore, atMs: number): Promise<void> {
  return core.schedule.sleep(Math.max(0, atMs - core.log.nowMs))
}

function resolve(core: ClusterCore, fault: FailoverFault): Settings {
  const { timings } = core.options
  const how = fault.how ?? 'crash'
  if (fault.to !== undefined) core.instance(fault.to)
  return {
    how,
    to: fault.to,
    detectMs: fault.detectMs ?? Math.min(timings.detectMs, fault.promoteMs ?? timings.promoteMs),
    promoteMs: fault.promoteMs ?? timings.promoteMs,
    dnsMs: fault.dnsMs ?? timings.dnsMs,
    staleMs: fault.staleMs ?? timings.staleMs,
    returnMs: fault.returnMs ?? (how === 'planned' ? 0 : timings.returnMs),
    restartPromoted: fault.restartPromoted ?? true,
  }
}
