import { describe, expect, it } from 'vitest'
import { classifySql } from '../../src/policy/classify-sql.js'
import type { SqlClass, StatementHint } from '../../src/policy/sql-class.js'
import { readSpec, readSpecs } from '../read-spec.js'

interface StatementSpec {
  readonly about: string
  readonly expect: Partial<SqlClass>
  readonly statements: readonly string[]
}

describe.each(readSpecs<StatementSpec>('classify-sql'))('$name', ({ spec }) => {
  it.each(spec.statements)('%j', (statement) => {
    expect(classifySql(statement)).toMatchObject(spec.expect)
  })
})

interface HintSpec {
  readonly hints: readonly { readonly text: string; readonly hint: StatementHint | null }[]
  readonly errors: readonly { readonly text: string; readonly names: string }[]
}

describe('hints', () => {
  const { hints, errors } = readSpec<HintSpec>('sql-hints.json')

  it.each(hints)('$text', ({ text, hint }) => {
    const expected = hint === null ? undefined : { ...hint, role: hint.role ?? undefined }
    expect(classifySql(text)).toMatchObject({ hint: expected, hintError: undefined })
  })

  it.each(errors)('$text is an error', ({ text, names }) => {
    const { hint, hintError } = classifySql(text)
    expect(hint).toBeUndefined()
    expect(hintError).toContain(names)
    expect(hintError).toContain('expected aurora:reader, aurora:writer or aurora:idempotent')
    expect(hintError).not.toContain('secret')
  })

  it.each(hints)('$text is classified as without a hint', ({ text }) => {
    const { hint: _hint, ...hinted } = classifySql(text)
    const { hint: _none, ...plain } = classifySql(text.replaceAll(/aurora:/gi, 'app:'))
    expect(hinted).toEqual(plain)
  })
})
