import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Fifo, type Queued } from '../../src/cluster/fifo.js'

interface Item extends Queued {
  readonly number: number
}

const step = fc.oneof(
  fc.constant('push' as const),
  fc.constant('shift' as const),
  fc.constant('return' as const),
  fc.nat(20).map((index) => ({ remove: index })),
)

it('a queue behaves like a list, whatever is pushed, taken, put back and withdrawn', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new Fifo<Item>()
      const model: Item[] = []
      let made = 0
      let taken: Item | undefined
      for (const what of steps) {
        if (what === 'push') {
          const item: Item = { number: made++, next: undefined }
          queue.push(item)
          model.push(item)
        } else if (what === 'shift') {
          taken = queue.shift()
          expect(taken?.number).toBe(model.shift()?.number)
        } else if (what === 'return') {
          if (taken === undefined) continue
          queue.unshift(taken)
          model.unshift(taken)
          taken = undefined
        } else {
          const item = model[what.remove] ?? { number: -1, next: undefined }
          expect(queue.remove(item)).toBe(model.includes(item))
          if (model.includes(item)) model.splice(model.indexOf(item), 1)
        }
        expect(queue.length).toBe(model.length)
      }
      for (const item of model) expect(queue.shift()?.number).toBe(item.number)
      expect(queue.shift()).toBeUndefined()
    }),
  )
})
