import { lengthEncodedString, readLengthEncoded } from './length-encoded.js'
import { headerSize, packet } from './packet.js'

/** Column names to put back, by the text that the rewritten statement would show. */
export type ColumnNames = ReadonlyMap<string, string>

/** A column definition whose name is the one that the client's own text would have given. */
export function renameColumn(frame: Buffer, names: ColumnNames): Buffer {
  let at = headerSize
  // catalog, schema, table, original table
  for (let skipped = 0; skipped < 4; skipped += 1) {
    const field = readLengthEncoded(frame, at)
    at = field.next + field.value
  }
  const nameAt = at
  const name = readLengthEncoded(frame, nameAt)
  const nameEnd = name.next + name.value
  const shown = frame.toString('utf8', name.next, nameEnd)
  const wanted = originalName(shown, names)
  if (wanted === shown) return frame
  const payload = Buffer.concat([
    frame.subarray(headerSize, nameAt),
    lengthEncodedString(Buffer.from(wanted)),
    frame.subarray(nameEnd),
  ])
  return packet(payload, frame[3] ?? 0)
}

function originalName(shown: string, names: ColumnNames): string {
  let wanted = shown
  for (const [replacement, original] of names) {
    // A string literal alone is shown without its quotes.
    if (wanted === replacement || `'${wanted}'` === replacement) return original
    wanted = wanted.replaceAll(replacement, original)
  }
  return wanted
}
