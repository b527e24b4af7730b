import { findServer } from '../storage/mysqld/find-server.js'
import type { Storage, StorageAccounts } from '../storage/storage.js'
import { Cluster } from './cluster.js'
import { ClusterCore, type TlsIssuer } from './cluster-core.js'
import { NameListeners } from './name-listeners.js'
import { type ClusterOptions, type ResolvedOptions, resolveOptions } from './options.js'
import { canUseDistinctAddresses, distinctPlaces, portPlaces } from './places.js'

/** Another program may hold a port or an address of a block chosen at random. */
const placeAttempts = 20

/** Starts a cluster and resolves when every instance serves. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const resolved = resolveOptions(options)
  const storage = await openStorage(options.storage, resolved)
  try {
    const ca = options.tls ? await (await import('./certificates.js')).createAuthority() : undefined
    const issueTls: TlsIssuer | undefined = ca && ((name) => ca.issue(name, resolved.clusterName))
    const useDistinct =
      options.addresses === undefined
        ? await canUseDistinctAddresses()
        : options.addresses === 'distinct'
    const core = await startInstances(resolved, storage, issueTls, useDistinct, options.port ?? 0)
    core.publishNames()
    const listeners = await openNames(core, options, useDistinct)
    core.log.record('started', undefined, { storage: storage.kind })
    return new Cluster(core, { listeners, hasDistinctAddresses: useDistinct, ca: ca?.pem })
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function startInstances(
  options: ResolvedOptions,
  storage: Storage,
  issueTls: TlsIssuer | undefined,
  useDistinct: boolean,
  port: number,
): Promise<ClusterCore> {
  for (let attempt = 1; ; attempt += 1) {
    const choose = useDistinct ? distinctPlaces : portPlaces
    const places = choose(port, attempt > 1)
    const core = new ClusterCore(options, storage, places, issueTls)
    try {
      for (const [index, settings] of options.instances.entries()) {
        await core.add(index === 0 ? 'writer' : 'reader', settings)
      }
      for (const instance of core.instances) instance.copy.refresh()
      return core
    } catch (error) {
      await Promise.all(core.instances.map((each) => each.crash()))
      core.schedule.stop()
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || attempt >= placeAttempts) throw error
    }
  }
}

async function openNames(
  core: ClusterCore,
  { port, localEndpoints }: ClusterOptions,
  useDistinct: boolean,
): Promise<NameListeners | undefined> {
  if (useDistinct && !localEndpoints) return undefined
  try {
    // Where the instances have one port, the cluster endpoint has it too.
    return await NameListeners.open(core, port ?? (useDistinct ? core.writer.port : 0))
  } catch (error) {
    await core.close()
    throw error
  }
}

async function openStorage(
  wanted: ClusterOptions['storage'],
  options: ResolvedOptions,
): Promise<Storage> {
  const { user, password, database } = options
  const accounts: StorageAccounts = { user, readerUser: `${user}_reader`, password, database }
  const kind = wanted ?? ((await findServer()) ? 'mysqld' : 'embedded')
  if (kind === 'mysqld') {
    const { createMysqldStorage } = await import('../storage/mysqld/mysqld-storage.js')
    return createMysqldStorage(accounts)
  }
  const { createEmbeddedStorage } = await import('../storage/embedded/embedded-storage.js')
  return createEmbeddedStorage(accounts)
}
