import { describe, expect, it } from 'vitest'
import { ownValues } from '../../src/contract/own-values.js'

interface Person {
  readonly name: string
  friends: Person[]
}

/** Two that know each other, as entities of an application do. */
function friends(): Person {
  const one: Person = { name: 'one', friends: [] }
  one.friends.push({ name: 'two', friends: [one] })
  return one
}

describe('the values of an execute', () => {
  it('are copied whole, since objects are sent as JSON', () => {
    const value = { a: { b: { c: { d: [1] } } } }
    const [copy] = ownValues('execute', [value]) as [typeof value]
    value.a.b.c.d.push(2)
    expect(copy).toEqual({ a: { b: { c: { d: [1] } } } })
  })

  it('refer to each other as they did: what cannot be sent as JSON cannot be afterwards', () => {
    const [copy] = ownValues('execute', [friends()]) as [Person]
    expect(copy.friends[0]?.friends[0]).toBe(copy)
    expect(() => JSON.stringify(copy)).toThrow(TypeError)
  })
})

describe('the values of a query', () => {
  it.each<readonly [string, (at: object) => unknown]>([
    ['by place', (object) => [1, object]],
    ['as the only one', (object) => object],
    ['by name', (object) => ({ row: object })],
    ['in a list', (object) => [[[object]]]],
  ])('are copied as deep as mysql2 looks: an object %s', (_, place) => {
    const row = { text: 'given', list: [1], at: new Date(0), bytes: Buffer.from('given') }
    const expected = structuredClone({ ...row, bytes: 'given' })
    const copy = ownValues('query', place(row))
    row.text = 'later'
    row.list.push(2)
    row.at.setFullYear(1999)
    row.bytes.write('later')
    expect(copy).toEqual(place({ ...expected, bytes: Buffer.from('given') }))
  })

  it('are not followed to all that they refer to', () => {
    const entity = friends()
    const copy = ownValues('query', { entity }) as { readonly entity: Person }
    expect(copy.entity).not.toBe(entity)
    expect(copy.entity.friends).not.toBe(entity.friends)
    expect(copy.entity.friends[0]).toBe(entity.friends[0])
  })

  it('keep having no class where they had none', () => {
    const bare: object = Object.assign(Object.create(null), { a: 1 })
    const [copy] = ownValues('query', [bare]) as [object]
    expect(copy).not.toBe(bare)
    expect(Object.getPrototypeOf(copy)).toBeNull()
  })
})
