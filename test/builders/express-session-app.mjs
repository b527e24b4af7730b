import express from 'express'
import mysqlStore from 'express-mysql-session'
import session from 'express-session'

const MySQLStore = mysqlStore(session)

/** The store, as its manual makes it, on a pool that exists. */
export function createStore(pool, options = {}) {
  return new MySQLStore({ ...options }, pool)
}

/** A web application whose sessions are in the store, and whose own queries are on the pool. */
export function createApp(store, pool) {
  const app = express()
  app.use(session({ store, secret: 'tea', resave: false, saveUninitialized: false }))

  app.post('/login/:user', (request, response, next) => {
    request.session.regenerate((failed) => {
      if (failed) return next(failed)
      request.session.user = request.params.user
      request.session.visits = []
      // Answered when it is stored: what fails after the answer cannot be told.
      request.session.save((error) =>
        error ? next(error) : response.json({ user: request.params.user }),
      )
    })
  })
  app.post('/visit/:unit', (request, response, next) => {
    request.session.visits.push(request.params.unit)
    request.session.save((error) => (error ? next(error) : response.json({})))
  })
  app.get('/me', (request, response) => {
    const { user, visits = [] } = request.session
    response.json({ user, visits: visits.length })
  })
  app.get('/news', async (request, response) => {
    const [[news]] = await pool.promise().query("SELECT 'none' AS news")
    response.json({ user: request.session.user, ...news })
  })
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({})))
  })

  app.use((error, _request, response, _next) => {
    if (response.headersSent) return
    response.status(500).json({ code: error.code, message: error.message, aurora: error.aurora })
  })
  return app
}
