import { distance } from 'fastest-levenshtein'

/** How much of a name may be mistyped for another to be offered in its place. */
const maxMistypedPart = 0.6

/** The known names that a mistyped one may have meant, nearest first, three at most. */
export function nearestNames(name: string, known: readonly string[]): readonly string[] {
  return known
    .map((each) => ({ each, edits: editsBetween(name, each) }))
    .filter(({ each, edits }) => edits <= each.length * maxMistypedPart)
    .toSorted((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ each }) => each)
}

/** A part of a name, as `dns` of `dns-down`, is as near as can be. */
function editsBetween(name: string, known: string): number {
  const given = name.toLowerCase()
  if (given.length > 1 && (known.includes(given) || given.includes(known))) return 1
  return distance(given, known)
}
