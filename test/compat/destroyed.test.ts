import { describe, expect, it } from 'vitest'
import { DRIVERS, useBench } from './drivers.js'

const bench = useBench()

describe.each(DRIVERS)('%s', (name) => {
  it('does not mind a connection that is destroyed in the callback of its first statement', async () => {
    const driver = bench().driver(name)
    const heard: unknown[] = []
    for (let turn = 0; turn < 30; turn++) {
      const connection = driver.mysql.createConnection(driver.target)
      connection.on('error', (error) => heard.push(String(error)))
      await new Promise<void>((resolve) =>
        connection.query('DO 1', () => {
          connection.destroy()
          resolve()
        }),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(heard).toEqual([])
  })
})
