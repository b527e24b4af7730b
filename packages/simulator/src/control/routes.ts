import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { streamSSE } from 'hono/streaming'
import type { Cluster } from '../cluster/cluster.js'
import type { ActiveFault } from '../cluster/fault-ledger.js'
import { checkFault, FaultError } from '../faults/check-fault.js'
import { clusterState, faultState, toJson } from './cluster-state.js'
import { streamEvents } from './event-stream.js'
import { loopbackOnly } from './guard.js'

/** More than any fault needs. */
const maxBodyBytes = 16 * 1024

/** The control interface of a cluster as a web application. */
export function controlRoutes(cluster: Cluster): Hono {
  const app = new Hono()
  app.use(loopbackOnly)
  app.use(async (context, next) => {
    await next()
    context.header('Cache-Control', 'no-store')
    context.header('X-Content-Type-Options', 'nosniff')
  })

  app.get('/', async (context) => {
    // Only a browser needs it, and most clusters never meet one.
    const { pageHeaders, pageHtml } = await import('../page/page.js')
    return context.body(pageHtml, 200, { ...pageHeaders })
  })
  app.get('/state', () => json(200, clusterState(cluster)))
  app.get('/log', () => json(200, cluster.log))
  app.get('/events', (context) => streamSSE(context, (stream) => streamEvents(cluster, stream)))

  app.get('/faults', () => json(200, cluster.faults.map(faultState)))
  app.post('/faults', bodyLimit({ maxSize: maxBodyBytes }), async (context) => {
    const type = context.req.header('content-type') ?? ''
    // A page elsewhere may send other types without asking first.
    if (!/^application\/json\b/i.test(type)) {
      return json(415, { error: `content-type: expected application/json; got '${type}'` })
    }
    const data = parsed(await context.req.text())
    if (data === undefined) return json(400, { error: 'body: expected a fault as JSON' })
    return inject(cluster, data)
  })
  app.delete('/faults/:id', async (context) => {
    const id = context.req.param('id')
    const wasInForce = await cluster.heal(id).catch(refusal)
    if (wasInForce instanceof Response) return wasInForce
    if (wasInForce) return json(200, { id })
    const known = cluster.faults.map((each) => each.id).join(', ')
    return json(404, { error: `no fault '${id}' is in force: expected ${known || 'none'}` })
  })

  app.notFound((context) =>
    json(404, {
      error: `${context.req.method} ${context.req.path}: expected one of GET /, /state, /events, /log, /faults; POST /faults; DELETE /faults/:id`,
    }),
  )
  app.onError((error) => json(500, { error: error.message }))
  return app
}

async function inject(cluster: Cluster, data: unknown): Promise<Response> {
  const ids = cluster.instances.map((each) => each.id)
  try {
    const fault = checkFault(data, ids)
    const { id } = await cluster.inject(fault)
    // A fault of a moment is over by now.
    const active: ActiveFault | undefined = cluster.faults.find((each) => each.id === id)
    return json(201, active ? faultState(active) : { id, type: fault.type, fault })
  } catch (error) {
    if (error instanceof FaultError) return json(400, { error: error.message, field: error.field })
    return refusal(error)
  }
}

/** What the cluster itself refuses: it has no reader to promote, the id is taken. */
function refusal(error: unknown): Response {
  if (error instanceof TypeError) return json(409, { error: error.message })
  throw error
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function json(status: number, body: unknown): Response {
  return new Response(toJson(body), { status, headers: { 'Content-Type': 'application/json' } })
}
