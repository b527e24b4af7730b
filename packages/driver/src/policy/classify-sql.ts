import type { SqlClass } from './sql-class.js'

const UNSURE: SqlClass = Object.freeze({
  intent: 'write',
  isRepeatable: false,
  pins: true,
  setsState: false,
  control: 'none',
  isSingle: false,
  isCall: false,
  mayCommit: true,
  hint: undefined,
  hintError: undefined,
})

/** Says what a text is; unsure means write. */
export function classifySql(_text: string): SqlClass {
  return UNSURE
}
