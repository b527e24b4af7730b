import type { FunctionCall } from '../../sql/ast.js'
import { SqlError, unsupported } from '../../sql-error.js'
import type { Compilation } from '../compilation.js'
import { compileExpression } from '../compile-expression.js'
import type { Emission } from '../emission.js'
import type { Scope } from '../scope.js'
import { AGGREGATES, compileAggregate } from './aggregates.js'
import { CONTROL_FUNCTIONS } from './control-functions.js'
import { NUMBER_FUNCTIONS } from './number-functions.js'
import { SESSION_FUNCTIONS } from './session-functions.js'
import { TEXT_FUNCTIONS } from './text-functions.js'
import { TIME_FUNCTIONS } from './time-functions.js'

/** A function of the subset: how many arguments it takes, and what it becomes. */
export interface SqlFunction {
  readonly min: number
  readonly max: number
  compile(compilation: Compilation, list: readonly Emission[], call: FunctionCall): Emission
}

const FUNCTIONS = new Map<string, SqlFunction>(
  [CONTROL_FUNCTIONS, NUMBER_FUNCTIONS, SESSION_FUNCTIONS, TEXT_FUNCTIONS, TIME_FUNCTIONS].flatMap(
    (table) => Object.entries(table),
  ),
)

/** Compiles a function call; what is not in the subset is 1235, whatever it may be in MySQL. */
export function compileCall(scope: Scope, call: FunctionCall): Emission {
  if (AGGREGATES.has(call.name)) return compileAggregate(scope, call)
  const definition = FUNCTIONS.get(call.name)
  if (!definition) throw unsupported(`function ${call.name}`)
  if (call.distinct) throw unsupported(`${call.name}(DISTINCT …)`)
  const list = call.arguments.map((argument) => compileExpression(scope, argument))
  if (list.length < definition.min || list.length > definition.max) {
    throw new SqlError(
      1582,
      '42000',
      `Incorrect parameter count in the call to native function '${call.name}'`,
    )
  }
  return definition.compile(scope.compilation, list, call)
}
