import { expect, it } from 'vitest'
import { LoadRecorder } from '../../src/rehearsal.js'

it('notes how each request ended, by the code of its error and never by its message', async () => {
  const recorder = new LoadRecorder('load')
  const failing = (error: unknown) => () => Promise.reject(error)
  expect(await recorder.run('read', async () => 42)).toBe(42)
  const coded = Object.assign(new Error("Duplicate entry 'secret'"), { code: 'ER_DUP_ENTRY' })
  await expect(recorder.run('write', failing(coded))).rejects.toBe(coded)
  await expect(recorder.run('write', failing(new RangeError('secret')))).rejects.toThrow()
  const { name, requests } = recorder.record(0)
  expect(name).toBe('load')
  expect(requests.map(({ kind, error }) => [kind, error])).toEqual([
    ['read', undefined],
    ['write', 'ER_DUP_ENTRY'],
    ['write', 'RangeError'],
  ])
  for (const { startedMs, endedMs } of requests) expect(endedMs).toBeGreaterThanOrEqual(startedMs)
  expect(JSON.stringify(requests)).not.toContain('secret')
})

it('counts a request that is still under way as failed', () => {
  const recorder = new LoadRecorder('load')
  void recorder.run('write', () => new Promise(() => {}))
  const { requests } = recorder.record(0)
  expect(requests.map(({ kind, error }) => [kind, error])).toEqual([['write', 'unanswered']])
})

it('counts time from the zero it is given, and leaves out what was over by then', async () => {
  const recorder = new LoadRecorder('load')
  await recorder.run('read', async () => undefined)
  const zeroMs = performance.now()
  await recorder.run('write', () => new Promise((resolve) => setTimeout(resolve, 20)))
  const { requests } = recorder.record(zeroMs)
  expect(requests.map(({ kind }) => kind)).toEqual(['write'])
  expect(requests[0]?.startedMs).toBeGreaterThanOrEqual(0)
  expect(requests[0]?.endedMs).toBeLessThanOrEqual(performance.now() - zeroMs)
})
