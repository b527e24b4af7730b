const collator = new Intl.Collator('en', { sensitivity: 'base', numeric: false })

/** Compares as `utf8mb4_0900_ai_ci` does: neither case nor accents matter, trailing blanks do. */
export function compareInsensitive(left: string, right: string): number {
  return collator.compare(left, right)
}

const MARKS = /\p{Diacritic}/gu
const NOT_ASCII = /[^\0-\x7f]/

/** A text in which what compares equal is the same. */
export function foldForComparison(text: string): string {
  const lower = text.toLowerCase()
  return NOT_ASCII.test(lower) ? lower.normalize('NFD').replace(MARKS, '') : lower
}

/**
 * Compares two texts in memory. Plain letters and digits are decided byte by byte; whatever else they hold goes
 * to the full rules of the collation.
 */
export function compareBytes(
  heap: Uint8Array,
  leftAt: number,
  leftBytes: number,
  rightAt: number,
  rightBytes: number,
): number {
  const common = Math.min(leftBytes, rightBytes)
  let difference = 0
  for (let index = 0; index < common; index++) {
    let a = heap[leftAt + index] as number
    let b = heap[rightAt + index] as number
    if (!isAlphanumeric(a) || !isAlphanumeric(b)) {
      if (a !== b || a > 127) return compareDecoded(heap, leftAt, leftBytes, rightAt, rightBytes)
      continue
    }
    if (a > 96) a -= 32
    if (b > 96) b -= 32
    if (difference === 0) difference = a - b
  }
  for (let index = common; index < leftBytes; index++) {
    if (!isAlphanumeric(heap[leftAt + index] as number)) {
      return compareDecoded(heap, leftAt, leftBytes, rightAt, rightBytes)
    }
  }
  for (let index = common; index < rightBytes; index++) {
    if (!isAlphanumeric(heap[rightAt + index] as number)) {
      return compareDecoded(heap, leftAt, leftBytes, rightAt, rightBytes)
    }
  }
  return difference || leftBytes - rightBytes
}

function isAlphanumeric(byte: number): boolean {
  return (byte > 47 && byte < 58) || (byte > 64 && byte < 91) || (byte > 96 && byte < 123)
}

const decoder = new TextDecoder()

function compareDecoded(
  heap: Uint8Array,
  leftAt: number,
  leftBytes: number,
  rightAt: number,
  rightBytes: number,
): number {
  return compareInsensitive(
    decoder.decode(heap.subarray(leftAt, leftAt + leftBytes)),
    decoder.decode(heap.subarray(rightAt, rightAt + rightBytes)),
  )
}
