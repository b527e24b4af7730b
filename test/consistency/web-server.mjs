// An application with the plainest use of a pool behind four kinds of web server. It is run by each Node at hand, as a process of
// its own; its set-up comes in the environment, its ports go to its output as one line.
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import express from 'express'
import fastify from 'fastify'

const { driver, login, names, aurora } = JSON.parse(process.env.WEB_SERVER ?? '{}')
const { createAuroraPool } = await import(driver)

/** The simulator's names live in another process. */
const lookup = (name, options, done) =>
  setImmediate(() =>
    options.all ? done(null, [{ address: names[name], family: 4 }]) : done(null, names[name], 4),
  )

const pool = createAuroraPool({ ...login, connectionLimit: 8, aurora: { lookup, ...aurora } })
const promised = pool.promise()
await pool.aurora.ready()

const INSERT = 'INSERT INTO app.note (id, version) VALUES (?, 1)'
const SELECT = 'SELECT id FROM app.note WHERE id = ?'

async function isThere(id) {
  const [rows] = await promised.query(SELECT, [id])
  return rows.length === 1
}

async function save(id) {
  await new Promise(setImmediate)
  await (async () => promised.query(INSERT, [id]))()
}

/** What a request may ask for: each ends with `done(error, isSeen)`. */
const actions = {
  save: (id, done) =>
    save(id)
      .then(() => isThere(id))
      .then((isSeen) => done(null, isSeen), done),
  callbacks: (id, done) =>
    pool.query(INSERT, [id], (error) => {
      if (error) return done(error)
      pool.query(SELECT, [id], (failure, rows) => done(failure, rows?.length === 1))
    }),
  connections: (id, done) =>
    pool.getConnection((error, one) => {
      if (error) return done(error)
      one.query(INSERT, [id], (failure) => {
        one.release()
        if (failure) return done(failure)
        pool.getConnection((again, other) => {
          if (again) return done(again)
          other.query(SELECT, [id], (last, rows) => {
            other.release()
            done(last, rows?.length === 1)
          })
        })
      })
    }),
  events: (id, done) => {
    const insert = pool.query(INSERT, [id])
    insert.on('error', done)
    insert.on('end', () =>
      pool.query(SELECT, [id], (failure, rows) => done(failure, rows?.length === 1)),
    )
  },
  look: (id, done) => isThere(id).then((isSeen) => done(null, isSeen), done),
  /** Writes, and is still at it long after. */
  linger: (id, done) => save(id).then(() => setTimeout(() => actions.look(id, done), 300), done),
}

/** The path is the action, the body or else the query tells the id; `after` is a mark to follow. */
function answer(url, bodyId, reply) {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const act = () =>
    actions[pathname.slice(1)](Number(bodyId ?? searchParams.get('id')), (error, isSeen) => {
      const body = error ? { error: error.message } : { isSeen, mark: pool.aurora.mark() }
      reply(error ? 500 : 200, JSON.stringify(body))
    })
  const after = searchParams.get('after')
  if (after) pool.aurora.session(act, { after })
  else act()
}

/** Plain `http`, and HTTP/2 by its compatible API: the body is read by events. */
function onRequest(request, response) {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    answer(request.url, body === '' ? undefined : JSON.parse(body).id, (status, text) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(text)
    })
  })
}

const expressApp = express()
expressApp.use(express.json())
expressApp.use((request, response) => {
  answer(request.url, request.body?.id, (status, text) => {
    response.status(status).type('json').send(text)
  })
})

const fastifyApp = fastify()
fastifyApp.all('/*', (request, reply) => {
  answer(request.url, request.body?.id, (status, text) => {
    reply.code(status).type('application/json').send(text)
  })
})

const servers = {
  http: createServer(onRequest),
  http2: createHttp2Server(onRequest),
  express: createServer(expressApp),
}
const ports = {}
for (const [name, server] of Object.entries(servers)) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  ports[name] = server.address().port
}
await fastifyApp.listen({ port: 0, host: '127.0.0.1' })
ports.fastify = fastifyApp.server.address().port

process.stdin.resume().on('end', () => process.exit())
console.log(JSON.stringify(ports))
