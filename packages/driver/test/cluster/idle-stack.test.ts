import { describe, expect, it } from 'vitest'
import { IdleStack } from '../../src/cluster/idle-stack.js'

interface Idle {
  readonly name: string
  isDead: boolean
  isFenced: boolean
  isDoubtful: boolean
  readonly lastUsedMs: number
}

const idle = (name: string): Idle => ({
  name,
  isDead: false,
  isFenced: false,
  isDoubtful: false,
  lastUsedMs: 0,
})

function stackOf(...names: readonly string[]) {
  const stack = new IdleStack<Idle>()
  const items = names.map(idle)
  for (const item of items) stack.push(item)
  return { stack, items }
}

describe('idle connections', () => {
  it('are taken from the top, so that the last used is used next', () => {
    const { stack } = stackOf('a', 'b', 'c')
    const order = [1, 2, 3].map(() => stack.take(() => 'same')?.name)
    expect(order).toEqual(['c', 'b', 'a'])
    expect(stack.take(() => 'same')).toBeUndefined()
  })

  it('that died or were fenced meanwhile are passed over, and gone', () => {
    const { stack, items } = stackOf('a', 'b', 'c')
    Object.assign(items[2] ?? {}, { isDead: true })
    Object.assign(items[1] ?? {}, { isFenced: true })
    expect(stack.take(() => 'same')?.name).toBe('a')
    expect(stack.length).toBe(0)
  })

  it('that carry all that is wanted come before those that would have to be set', () => {
    const { stack } = stackOf('foreign', 'bare', 'unfit', 'same', 'foreign later')
    const fits = ({ name }: Idle) =>
      name === 'same' || name === 'unfit' ? name : name === 'bare' ? 'missing' : 'foreign'
    const order = [1, 2, 3, 4].map(() => stack.take(fits)?.name)
    expect(order).toEqual(['same', 'bare', 'foreign', 'foreign later'])
    expect(stack.take(fits)).toBeUndefined()
    expect(stack.length).toBe(1)
  })

  it('keep their place when one that died lies under the one that is taken', () => {
    const { stack, items } = stackOf('dead', 'bare', 'foreign')
    Object.assign(items[0] ?? {}, { isDead: true })
    expect(stack.take(({ name }) => (name === 'bare' ? 'missing' : 'foreign'))?.name).toBe('bare')
    expect(stack.oldest?.name).toBe('foreign')
  })
})
