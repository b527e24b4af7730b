import { describe, expect, it } from 'vitest'
import { classifyError, isAnswer, isQuotaPerHour } from '../../src/policy/classify-error.js'
import { readSpec } from '../read-spec.js'

const { errors } = readSpec<{
  readonly errors: readonly {
    readonly about: string
    readonly kind: string
    readonly isQuotaPerHour?: true
    readonly error: { readonly message?: string }
  }[]
}>('errors.json')

describe('classifyError', () => {
  it.each(errors)('$about: $kind', ({ kind, error, isQuotaPerHour: isQuota }) => {
    const thrown = Object.assign(new Error(error.message), error)
    expect(classifyError(thrown)).toBe(kind)
    expect(isQuotaPerHour(thrown)).toBe(isQuota ?? false)
  })

  it('tells the words of a server from what happens on the way to it', () => {
    for (const { error } of errors) {
      const thrown = Object.assign(new Error(error.message), error)
      const { sqlState } = error as { sqlState?: unknown }
      if (sqlState !== undefined) expect(isAnswer(thrown)).toBe(true)
    }
    for (const code of ['ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'PROTOCOL_CONNECTION_LOST'])
      expect(isAnswer(Object.assign(new Error(code), { code, errno: -104 }))).toBe(false)
    for (const thrown of [undefined, null, new Error('no token today')])
      expect(isAnswer(thrown)).toBe(false)
  })

  it.each([undefined, null, 'ECONNRESET', 1290, Symbol('x'), () => {}, {}, []])(
    'takes anything that can be thrown',
    (thrown) => {
      expect(classifyError(thrown)).toBe('ordinary')
      expect(isQuotaPerHour(thrown)).toBe(false)
    },
  )
})
