import type { BindingContext } from './bind-values.js'
import type { WritePlan } from './plan.js'
import type { RowWriter } from './row-writer.js'
import { runInsert } from './run-insert.js'
import { runDelete, runUpdate, type WriteResult } from './run-update.js'

/** Runs a write; the caller holds the lock and undoes everything if it throws. */
export function runWrite(writer: RowWriter, plan: WritePlan, context: BindingContext): WriteResult {
  switch (plan.kind) {
    case 'insert':
      return runInsert(writer, plan, context)
    case 'update':
      return runUpdate(writer, plan, context)
    case 'delete':
      return runDelete(writer, plan, context)
  }
}
