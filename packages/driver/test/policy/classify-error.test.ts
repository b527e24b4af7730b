import { describe, expect, it } from 'vitest'
import { classifyError, isQuotaPerHour } from '../../src/policy/classify-error.js'
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

  it.each([undefined, null, 'ECONNRESET', 1290, Symbol('x'), () => {}, {}, []])(
    'takes anything that can be thrown',
    (thrown) => {
      expect(classifyError(thrown)).toBe('ordinary')
      expect(isQuotaPerHour(thrown)).toBe(false)
    },
  )
})
