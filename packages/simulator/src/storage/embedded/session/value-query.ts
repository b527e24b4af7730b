import type { Expression, Query, SelectItem } from '../sql/ast.js'

/** A query of expressions that reads no table: for SET, DO and KILL. */
export function valueQuery(expressions: readonly Expression[]): Query {
  const items = expressions.map(
    (expression): SelectItem => ({
      kind: 'expression',
      expression,
      alias: undefined,
      text: 'value',
    }),
  )
  return {
    with: undefined,
    body: {
      kind: 'select',
      distinct: false,
      calcFoundRows: false,
      items,
      from: undefined,
      where: undefined,
      groupBy: [],
      having: undefined,
    },
    orderBy: [],
    limit: undefined,
    locking: 'none',
    nowait: false,
  }
}
