// An application in a process of its own, which does what it is asked over the IPC channel; see application.ts.

const { driver, login, names, aurora } = JSON.parse(process.env.APPLICATION ?? '')
const { createAuroraPool } = await import(driver)

/**
 * @param {string} name
 * @param {{ all?: boolean }} options
 * @param {(...args: unknown[]) => void} done
 */
function lookup(name, options, done) {
  const address = names[name]
  setImmediate(() => {
    if (options.all) done(null, [{ address, family: 4 }])
    else done(null, address, 4)
  })
}

const pool = createAuroraPool({ ...login, aurora: { ...aurora, lookup } })
/** @type {Map<string, any>} */
const sessions = new Map()
/** @type {unknown[]} */
const heard = []
for (const name of ['failoverStarted', 'instanceFenced', 'instanceAsked', 'instanceSuspected']) {
  pool.aurora.on(name, (/** @type {object} */ payload) => heard.push({ name, ...payload }))
}

/** @param {number} ms */
function block(ms) {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

/** @param {string | undefined} name */
async function sessionOf(name) {
  if (name === undefined) return pool
  if (!sessions.has(name)) sessions.set(name, await pool.getConnection())
  return sessions.get(name)
}

/** @type {Record<string, (ask: any) => unknown>} */
const deeds = {
  ready: () => pool.aurora.ready(),
  query: async ({ sql, values, session, afterMs }) => {
    // By a timer, so that after a stop it comes before anything that the network has to say.
    if (afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, afterMs))
    const [result] = await (await sessionOf(session)).query(sql, values)
    return result
  },
  release: ({ session }) => {
    sessions.get(session)?.release()
    sessions.delete(session)
  },
  blockWhenSuspecting: ({ ms }) => {
    // As soon as the question is on its way: its answer lies in the kernel when we are back.
    pool.aurora.on('instanceSuspected', () => setImmediate(block, ms))
  },
  heard: () => heard.splice(0),
  stats: () => pool.aurora.stats(),
  end: () => pool.end(),
}

process.on('message', async (/** @type {any} */ { id, deed, ...ask }) => {
  try {
    process.send?.({ id, result: (await deeds[deed]?.(ask)) ?? null })
  } catch (error) {
    const { message, code, errno, aurora: detail } = /** @type {any} */ (error)
    process.send?.({ id, error: { message, code, errno, aurora: detail } })
  }
  if (deed === 'end') process.disconnect()
})
