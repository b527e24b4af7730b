import { describe, expect, it } from 'vitest'
import { RetryBudget } from '../../src/policy/retry-budget.js'

const spendAll = (budget: RetryBudget): number => {
  let count = 0
  while (budget.hasTokens) {
    budget.spend()
    count += 1
  }
  return count
}

describe('RetryBudget', () => {
  it('lets every read under way on a dead instance be repeated, and then no more', () => {
    expect(spendAll(new RetryBudget({ capacity: 500, refund: 0.2 }))).toBe(500)
  })

  it('gives one repetition back for five statements that end well', () => {
    const budget = new RetryBudget({ capacity: 10, refund: 0.25 })
    spendAll(budget)
    for (let count = 0; count < 3; count++) {
      budget.refund()
    }
    expect(budget.hasTokens).toBe(false)
    budget.refund()
    expect(spendAll(budget)).toBe(1)
  })

  it('saves up no more than it began with', () => {
    const budget = new RetryBudget({ capacity: 3, refund: 1 })
    for (let count = 0; count < 100; count++) {
      budget.refund()
    }
    expect(spendAll(budget)).toBe(3)
  })
})
