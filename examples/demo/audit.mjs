/**
 * Compares what a side was told with what is in the tables, read from the volume itself, past every instance.
 *
 * - *lost*: acknowledged, and a row of it is missing
 * - *doubled*: more rows than the request wrote, acknowledged or not
 * - *torn*: one of the two rows of a transaction without the other
 *
 * @param {import('aurora-mysql2-simulator').Cluster} cluster
 * @param {import('./side.mjs').Side} side
 */
export async function audit(cluster, { prefix, acknowledgedOrders, acknowledgedBookings }) {
  const orders = await rowsPerToken(cluster, `${prefix}_orders`)
  const bookings = await rowsPerToken(cluster, `${prefix}_bookings`)
  const isMissing =
    (rows) =>
    ([token, expected]) =>
      (rows.get(token) ?? 0) < expected
  return {
    lost:
      count(acknowledgedOrders, isMissing(orders)) +
      count(acknowledgedBookings, isMissing(bookings)),
    doubled: count(orders, ([, rows]) => rows > 1) + count(bookings, ([, rows]) => rows > 2),
    torn: count(bookings, ([, rows]) => rows === 1),
  }
}

async function rowsPerToken(cluster, table) {
  const rows = await cluster.query(`SELECT token FROM ${table}`)
  const perToken = new Map()
  for (const { token } of rows) perToken.set(token, (perToken.get(token) ?? 0) + 1)
  return perToken
}

function count(map, fits) {
  return [...map].filter(fits).length
}
