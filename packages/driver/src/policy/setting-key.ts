/** Nothing in it depends on the session: a number, a quoted text without escapes, or a word such as ON or DEFAULT. */
const LITERAL = String.raw`(?:'[^'\\]*'|[-+]?[\d.]+|\w+)`
const END = String.raw`\s*;?\s*$`

const USE = new RegExp(String.raw`^\s*USE\s+(?:\w+|\`[^\`]+\`)${END}`, 'i')
const NAMES = new RegExp(
  String.raw`^\s*SET\s+NAMES\s+${LITERAL}(?:\s+COLLATE\s+${LITERAL})?${END}`,
  'i',
)
const VARIABLE = new RegExp(
  String.raw`^\s*SET\s+(?:(?:SESSION|LOCAL)\s+|@@(?:(?:SESSION|LOCAL)\.)?)?(\w+)\s*:?=\s*${LITERAL}${END}`,
  'i',
)

/** The key of `USE`, which is no variable's name. */
export const DATABASE = 'USE'

/**
 * What a statement that sets something for its session sets, where that is one thing and the statement says all of it: a later
 * one with the same key takes its place. Undefined where that cannot be told.
 */
export function settingKey(text: string): string | undefined {
  if (USE.test(text)) return DATABASE
  if (NAMES.test(text)) return 'NAMES'
  return VARIABLE.exec(text)?.[1]?.toLowerCase()
}
