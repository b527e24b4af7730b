import type { MiddlewareHandler } from 'hono'

/** Whether a host name (or literal address, IPv6 in brackets) can only mean this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
}

/**
 * Lets in only what a program or a page of this machine sends. A foreign page can make a browser send requests here,
 * under its own origin; and with a name of its own that resolves to a loopback address, under that name as the host.
 */
export const loopbackOnly: MiddlewareHandler = async (context, next) => {
  const host = context.req.header('host')
  const authority = host === undefined ? undefined : parsed(`http://${host}`)
  if (!authority || !isLoopback(authority.hostname)) {
    return context.json({ error: 'host: expected a loopback name or address' }, 403)
  }
  const origin = context.req.header('origin')
  if (origin !== undefined && parsed(origin)?.host !== authority.host) {
    return context.json({ error: 'origin: expected none, or this interface’s own' }, 403)
  }
  // Browsers tell where a request without an origin comes from, too.
  if (context.req.header('sec-fetch-site') === 'cross-site') {
    return context.json({ error: 'sec-fetch-site: expected a request from this interface' }, 403)
  }
  return next()
}

function parsed(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}
