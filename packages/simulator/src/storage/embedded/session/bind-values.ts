import type { Binding, TypedValue } from '../compile/emission.js'
import type { BoundValue, EngineRow } from '../engine/engine-handle.js'
import { formatNow } from '../values/temporal.js'

const MICROS_PER_DAY = 86_400_000_000n

/** What bindings may refer to while a statement runs. */
export interface BindingContext {
  readonly parameters: readonly TypedValue[]
  /** The statement's time: NOW() is the same all through it. */
  readonly nowMicros: bigint
  /** The row that was to be inserted, and the identity of the one that is in its way. */
  readonly duplicate?: { readonly inserted: EngineRow; readonly identity: EngineRow }
}

/** The values of bindings, in order. */
export function bindValues(
  bindings: readonly Binding[],
  context: BindingContext,
): readonly BoundValue[] {
  return bindings.map((binding) => bindValue(binding, context))
}

/** The value of one binding. */
export function bindValue(binding: Binding, context: BindingContext): BoundValue {
  switch (binding.kind) {
    case 'value':
      return binding
    case 'parameter':
      return { value: context.parameters[binding.index]?.value ?? null, isReal: binding.isReal }
    case 'inserted':
      return {
        value: context.duplicate?.inserted[binding.column] ?? null,
        isReal: binding.isReal,
      }
    case 'identity':
      return { value: context.duplicate?.identity[binding.part] ?? null, isReal: binding.isReal }
    case 'now': {
      const { nowMicros } = context
      if (binding.what === 'time') {
        const unit = 10n ** BigInt(6 - binding.fsp)
        const micros = nowMicros % MICROS_PER_DAY
        return { value: micros - (micros % unit), isReal: false }
      }
      const text = formatNow(nowMicros, binding.fsp)
      return { value: binding.what === 'date' ? text.slice(0, 10) : text, isReal: false }
    }
  }
}

/** The clock in microseconds since 1970. */
export function nowMicros(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000))
}
