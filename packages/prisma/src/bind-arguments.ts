import type { SqlQuery } from '@prisma/driver-adapter-utils'
import { AuroraAdapterError } from './adapter-error.js'
import { findOutsideQuotes } from './find-outside-quotes.js'
import { literalOf } from './literal.js'

/** A value in the form that mysql2 puts into a statement as it is. */
export interface Literal {
  toSqlString(): string
}

/** A statement as mysql2 takes it. */
export interface BoundStatement {
  readonly sql: string
  readonly values?: readonly Literal[]
}

/** Where mysql2, depending on its version, may see a placeholder that is none, or miss one. */
const HARD_TO_READ = /["#]|\?\?|\/\*M?!/

/**
 * Gives a statement its values. They are handed over beside the text, which then stays the same from call to call, as the driver
 * remembers by its text where a statement goes; only a text that is hard to read gets them at once.
 *
 * @throws AuroraAdapterError `InvalidInputValue` when there are more or fewer values than placeholders
 */
export function bindArguments({ sql, args, argTypes }: SqlQuery): BoundStatement {
  if (args.length === 0) return { sql }
  const literals = args.map((value, index) => literalOf(value, argTypes[index]))
  if (!HARD_TO_READ.test(sql) && countOf('?', sql) === literals.length) {
    return { sql, values: literals.map((literal) => ({ toSqlString: () => literal })) }
  }
  return { sql: withValues(sql, literals) }
}

function withValues(sql: string, literals: readonly string[]): string {
  const placeholders = findOutsideQuotes(sql, '?')
  if (placeholders.length !== literals.length) {
    const message = `The statement has ${placeholders.length} placeholders and was given ${literals.length} values`
    throw new AuroraAdapterError({ kind: 'InvalidInputValue', message }, undefined)
  }
  let text = ''
  let from = 0
  for (const [index, at] of placeholders.entries()) {
    text += sql.slice(from, at) + literals[index]
    from = at + 1
  }
  return text + sql.slice(from)
}

function countOf(character: string, text: string): number {
  let count = 0
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count += 1
  return count
}
