import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'

/**
 * Runs in a Node process before its program. Names of the simulated cluster are asked of the cluster's own DNS server;
 * all others, and everything else, stay as they are.
 */
const zones = process.env.AURORA_SIMULATOR_ZONES?.split(' ') ?? []
const server = process.env.AURORA_SIMULATOR_DNS

type Callback = (
  error: NodeJS.ErrnoException | null,
  address?: string | LookupAddress[],
  family?: number,
) => void

if (server) {
  const systemLookup = dns.lookup
  const resolver = new dns.Resolver({ timeout: 1000, tries: 2 })
  resolver.setServers([server])

  const lookup = (
    hostname: string,
    options: LookupOptions | number | Callback,
    last?: Callback,
  ) => {
    const callback = typeof options === 'function' ? options : (last as Callback)
    const name = String(hostname).toLowerCase().replace(/\.$/, '')
    if (!zones.some((zone) => name.endsWith(`.${zone}`))) {
      return Reflect.apply(
        systemLookup,
        dns,
        last ? [hostname, options, last] : [hostname, options],
      )
    }
    const isAll = typeof options === 'object' && options.all === true
    resolver.resolve4(name, (error, addresses) => {
      const [first] = addresses ?? []
      if (first === undefined) callback(failure(hostname, error?.code))
      else if (isAll)
        callback(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        )
      else callback(null, first, 4)
    })
    return undefined
  }
  const lookupAll = promisify((name: string, done: Callback) => lookup(name, { all: true }, done))
  const lookupPromise = async (name: string, options: LookupOptions | number = {}) => {
    const addresses = (await lookupAll(name)) as LookupAddress[]
    return typeof options === 'object' && options.all ? addresses : addresses[0]
  }
  Object.defineProperty(lookup, promisify.custom, { value: lookupPromise })
  dns.lookup = lookup as typeof dns.lookup
  dns.promises.lookup = lookupPromise as typeof dns.promises.lookup
  syncBuiltinESMExports()
}

/** As getaddrinfo has it: a name that is not there, or a server that does not say. */
function failure(hostname: string, code: string | undefined): NodeJS.ErrnoException {
  const known = code === 'ENOTFOUND' || code === 'ENODATA' ? 'ENOTFOUND' : 'EAI_AGAIN'
  return Object.assign(new Error(`getaddrinfo ${known} ${hostname}`), {
    code: known,
    syscall: 'getaddrinfo',
    hostname,
  })
}
