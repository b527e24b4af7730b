import type { Connection, RowDataPacket } from 'mysql2/promise'
import { describe, expect, it } from 'vitest'
import { accounts, errnoOf, logIn, openStorage } from './open-storage.js'

async function value(connection: Connection, call: string): Promise<unknown> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT ${call} AS v`)
  return rows[0]?.v
}

// A real server answers the same; the circle is told with other numbers by MariaDB (1213) and MySQL (3058).
describe.each(['embedded', 'mysqld'] as const)('locks by name on %s', (kind) => {
  async function openSessions() {
    const storage = await openStorage(kind)
    return [await logIn(storage), await logIn(storage), await logIn(storage)] as const
  }

  it('belong to one session; the others see whose they are, and do not get them', async () => {
    const [owner, other] = await openSessions()
    expect(await value(owner, "GET_LOCK('job', 0)")).toBe(1)
    expect(await value(other, "GET_LOCK('job', 0)")).toBe(0)
    expect(await value(other, "GET_LOCK('job', 0.05)")).toBe(0)
    expect(await value(other, "IS_USED_LOCK('job')")).toBe(owner.threadId)
    expect(await value(other, "RELEASE_LOCK('job')")).toBe(0)
    expect(await value(other, "GET_LOCK('another job', 0)")).toBe(1)
  })

  it('taken twice are given back twice', async () => {
    const [owner, other] = await openSessions()
    await owner.query("DO GET_LOCK('job', 0), GET_LOCK('job', 0)")
    await owner.query("DO RELEASE_LOCK('job')")
    expect(await value(other, "GET_LOCK('job', 0)")).toBe(0)
    await owner.query("DO RELEASE_LOCK('job')")
    expect(await value(other, "GET_LOCK('job', 0)")).toBe(1)
  })

  it('are waited for, and passed on in order', async () => {
    const [owner, second, third] = await openSessions()
    await owner.query("DO GET_LOCK('job', 0)")
    const order: string[] = []
    const wait = async (connection: Connection, name: string) => {
      expect(await value(connection, "GET_LOCK('job', 60)")).toBe(1)
      order.push(name)
      await connection.query("DO RELEASE_LOCK('job')")
    }
    const waits = [wait(second, 'second')]
    await expect.poll(() => isWaiting(owner, second)).toBe(true)
    waits.push(wait(third, 'third'))
    await expect.poll(() => isWaiting(owner, third)).toBe(true)
    expect(order).toEqual([])
    await owner.query("DO RELEASE_LOCK('job')")
    await Promise.all(waits)
    expect(order).toEqual(['second', 'third'])
  })

  /** A session that waits answers nothing; the server of this storage does not list its sessions. */
  async function isWaiting(asker: Connection, waiter: Connection): Promise<boolean> {
    if (kind === 'embedded') return true
    const [rows] = await asker.query<RowDataPacket[]>('SHOW PROCESSLIST')
    return rows.find((row) => row.Id === waiter.threadId)?.State === 'User lock'
  }

  it.each([
    ['ends', (owner: Connection) => owner.end()],
    ['is lost', async (owner: Connection) => owner.destroy()],
    ['is reset', (owner: Connection) => owner.reset()],
    [
      'changes its user',
      (owner: Connection) => owner.changeUser({ user: 'app', password: accounts.password }),
    ],
  ])('are free when their session %s', async (_, leave) => {
    const [owner, other] = await openSessions()
    await owner.query("DO GET_LOCK('job', 0), GET_LOCK('next job', 0)")
    const waiting = value(other, "GET_LOCK('job', 60)")
    await leave(owner)
    expect(await waiting).toBe(1)
    expect(await value(other, "GET_LOCK('next job', 60)")).toBe(1)
  })

  it('are not waited for in a circle', async () => {
    const [first, second] = await openSessions()
    await first.query("DO GET_LOCK('a', 0)")
    await second.query("DO GET_LOCK('b', 0)")
    const waiting = value(first, "GET_LOCK('b', 60)")
    await expect.poll(() => isWaiting(second, first)).toBe(true)
    expect([1213, 3058]).toContain(await errnoOf(second.query("SELECT GET_LOCK('a', 60)")))
    await second.query('DO RELEASE_ALL_LOCKS()')
    expect(await waiting).toBe(1)
  })

  it('and a session that waits for one can be stopped', async () => {
    const [owner, waiter, killer] = await openSessions()
    await owner.query("DO GET_LOCK('job', 0)")
    const waiting = waiter.query("SELECT GET_LOCK('job', 60)").then(
      () => 'answered',
      () => 'refused',
    )
    await expect.poll(() => isWaiting(killer, waiter)).toBe(true)
    await killer.query(`KILL QUERY ${waiter.threadId}`)
    // MariaDB answers with an error, MySQL with NULL or an error.
    expect(['answered', 'refused']).toContain(await waiting)
    await owner.query("DO RELEASE_LOCK('job')")
    expect(await value(killer, "IS_FREE_LOCK('job')")).toBe(1)
  })
})
