import { restartError } from '../session/refusal.js'
import type { ClusterCore } from './cluster-core.js'
import { failOver } from './failover.js'
import type { Fault } from './fault.js'
import type { Heal } from './fault-ledger.js'
import type { TableDistortion } from './host-status-table.js'
import type { Instance } from './instance.js'
import type { LayeredValue } from './layered-value.js'

type Undo = () => Promise<void>

/** Brings a fault into force; resolves with how to undo it. */
export async function injectFault(core: ClusterCore, fault: Fault): Promise<Heal> {
  const struck = faultyInstance(core, fault)
  const start = (hasEnded: () => void) => apply(core, fault, hasEnded)
  return core.faults.start(fault, struck?.id, start)
}

function faultyInstance(core: ClusterCore, fault: Fault): Instance | undefined {
  if ('instance' in fault && fault.instance !== undefined) return core.instance(fault.instance)
  switch (fault.type) {
    case 'lag':
    case 'two-writers':
      return core.readers[0]
    case 'no-writer':
    case 'ghost-row':
    case 'dns-down':
    case 'reader-added':
      return undefined
    default:
      return core.writer
  }
}

async function apply(core: ClusterCore, fault: Fault, hasEnded: () => void): Promise<Undo> {
  const instance = faultyInstance(core, fault) ?? core.writer
  switch (fault.type) {
    case 'failover':
      return failOver(core, fault, hasEnded)
    case 'crash':
      return crash(core, instance, fault.returnAfterMs)
    case 'hang':
      return hang(core, instance, fault.returnAfterMs)
    case 'reset':
      await instance.cutSessions()
      return momentary(hasEnded)
    case 'refuse':
      return instance.refuse()
    case 'slow':
      return change(instance.delay, fault.delayMs)
    case 'demote-in-place':
      return demoteInPlace(core, fault.to)
    case 'zero-downtime-restart':
      await instance.abortTransactions(restartError)
      return momentary(hasEnded)
    case 'stale-view': {
      const thaw = instance.copy.freeze()
      const end = () => {
        thaw()
        hasEnded()
      }
      if (fault.forMs !== undefined) core.schedule.after(fault.forMs, end)
      return async () => thaw()
    }
    case 'two-writers':
      return distort(core, { secondWriter: instance.id })
    case 'no-writer':
      return distort(core, { hasNoWriter: true })
    case 'ghost-row': {
      const { serverId = 'ghost', ageMs = 0 } = fault
      return distort(core, { ghost: { serverId, ageMs } })
    }
    case 'lag':
      return lag(core, instance, fault.lagMs)
    case 'overload':
      return change(instance.connectionLimit, fault.maxConnections)
    case 'reader-added': {
      const added = await addReader(core, fault)
      const stopListening = core.log.on((event) => {
        if (event.type !== 'instance-removed' || event.instance !== added.id) return
        stopListening()
        hasEnded()
      })
      return () => core.remove(added)
    }
    case 'reader-removed':
      await core.remove(instance)
      return async () => {
        await addReader(core, { id: instance.id, tier: instance.tier })
      }
    case 'deny-topology':
      return change(instance.denial, denial(core, fault.errno ?? 1142))
    case 'empty-topology':
      return change(instance.copy.isEmpty, true)
    case 'dns-down':
      return change(core.nameService.isDown, true)
    default: {
      const unknown: never = fault
      throw new TypeError(`fault: unknown type in ${JSON.stringify(unknown)}`)
    }
  }
}

/** Adds a reader; the names learn of it later. */
export async function addReader(
  core: ClusterCore,
  { id, tier }: { readonly id?: string; readonly tier?: number },
): Promise<Instance> {
  const settings = { ...(id === undefined ? {} : { id }), ...(tier === undefined ? {} : { tier }) }
  const added = await core.add('reader', settings)
  core.log.record('instance-added', added.id, {})
  core.publishNamesLater()
  return added
}

async function crash(
  core: ClusterCore,
  instance: Instance,
  returnAfterMs = Infinity,
): Promise<Undo> {
  if (instance.state !== 'down') core.log.record('instance-down', instance.id, { how: 'crash' })
  await instance.crash()
  core.publishNamesLater()
  return comeBack(core, instance, returnAfterMs, 'down')
}

async function hang(
  core: ClusterCore,
  instance: Instance,
  returnAfterMs = Infinity,
): Promise<Undo> {
  // What is dead cannot fall silent: the fault is in force, and nobody can tell.
  if (instance.state === 'up') core.log.record('instance-down', instance.id, { how: 'hang' })
  instance.hang()
  core.publishNamesLater()
  return comeBack(core, instance, returnAfterMs, 'hung')
}

/** How an instance comes back from this outage; from another that has struck it since it does not. */
function comeBack(
  core: ClusterCore,
  instance: Instance,
  afterMs: number,
  from: 'down' | 'hung',
): Undo {
  const { outages } = instance
  const heal = async () => {
    cancel()
    if (instance.state !== from || instance.outages !== outages) return
    if (from === 'down') await instance.restart()
    else await instance.unhang()
    if (!instance.isUp) return
    instance.report()
    core.log.record('instance-up', instance.id, { role: instance.role })
    core.publishNamesLater()
  }
  const cancel = core.schedule.after(afterMs, () => void heal())
  return heal
}

async function demoteInPlace(core: ClusterCore, to: string | undefined): Promise<Undo> {
  const former = core.writer
  const next = core.nextWriter(to)
  if (!next) throw new TypeError('demote-in-place: there is no reader to take over')
  await core.setWriter(next)
  former.report()
  core.publishNamesLater()
  return async () => {
    if (core.writer !== next || former.state !== 'up') return
    await core.setWriter(former)
    next.report()
    core.publishNamesLater()
  }
}

async function lag(core: ClusterCore, instance: Instance, lagMs: number): Promise<Undo> {
  const takeBack = [instance.reportedLag.lay(lagMs)]
  // The embedded storage has no snapshots to stay in: there the lag is only reported.
  if (core.storage.kind === 'mysqld') takeBack.push(instance.visibleLag.lay(lagMs))
  await instance.settleLag()
  instance.report()
  return async () => {
    for (const each of takeBack) each()
    await instance.settleLag()
  }
}

function distort(core: ClusterCore, distortion: TableDistortion): Undo {
  const refresh = () => {
    for (const each of core.instances) each.copy.refresh()
  }
  core.table.distortions.add(distortion)
  refresh()
  return async () => {
    core.table.distortions.delete(distortion)
    refresh()
  }
}

function denial(core: ClusterCore, errno: 1142 | 1227) {
  const { user } = core.options
  const message =
    errno === 1142
      ? `SELECT command denied to user '${user}'@'%' for table 'replica_host_status'`
      : 'Access denied; you need (at least one of) the PROCESS privilege(s) for this operation'
  return { errno, sqlState: '42000', message }
}

function change<T>(value: LayeredValue<T>, to: T): Undo {
  const takeBack = value.lay(to)
  return async () => takeBack()
}

function momentary(hasEnded: () => void): Undo {
  hasEnded()
  return async () => undefined
}
