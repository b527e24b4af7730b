import type { Instance, Topology, TopologyChange } from './topology.js'

/** What changed in membership and roles; undefined when nothing did (lag alone is no change). */
export function compareTopologies(
  previous: Topology | undefined,
  current: Topology,
): TopologyChange | undefined {
  const before = previous?.instances ?? []
  const added = current.instances.filter(({ id }) => find(before, id) === undefined)
  const removed = before.filter(({ id }) => find(current.instances, id) === undefined)
  const moved = current.instances.filter((instance) => {
    const known = find(before, instance.id)
    return (
      known !== undefined &&
      (known.endpoint.host !== instance.endpoint.host ||
        known.endpoint.port !== instance.endpoint.port)
    )
  })
  const isSameWriter = previous?.writer?.id === current.writer?.id
  const promoted = isSameWriter ? undefined : current.writer
  const formerWriter = isSameWriter ? undefined : previous?.writer
  const demoted = formerWriter && (find(current.instances, formerWriter.id) ?? formerWriter)
  if (added.length + removed.length + moved.length === 0 && isSameWriter) {
    return undefined
  }
  return Object.freeze({
    added: Object.freeze(added),
    removed: Object.freeze(removed),
    promoted,
    demoted,
    moved: Object.freeze(moved),
  })
}

function find(instances: readonly Instance[], id: string): Instance | undefined {
  return instances.find((instance) => instance.id === id)
}
