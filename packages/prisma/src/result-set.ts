import { type ColumnType, ColumnTypeEnum, type SqlResultSet } from '@prisma/driver-adapter-utils'
import type { FieldPacket } from 'mysql2/promise'
import { AuroraAdapterError } from './adapter-error.js'
import { columnTypeOf } from './column-type.js'

/** What mysql2 resolves with for a statement without rows. */
interface Header {
  readonly affectedRows: number
  readonly insertId: number | string
}

type Row = unknown[]

/** mysql2's answer to one `query` with `rowsAsArray`; of a CALL, or of several statements in one text, both are lists. */
export type Answer = readonly [result: unknown, fields: unknown]

/**
 * A statement's rows as Prisma takes them; of several results the first that has rows.
 *
 * @throws AuroraAdapterError `ValueOutOfRange` for dates and times that Prisma has no value for, such as '0000-00-00'
 */
export function resultSetOf(answer: Answer): SqlResultSet {
  for (const [result, fields] of resultsIn(answer)) {
    if (Array.isArray(result)) return withTemporals(result as Row[], fields ?? [])
  }
  const header = resultsIn(answer).map(([result]) => result)[0] as Header | undefined
  return {
    columnNames: [],
    columnTypes: [],
    rows: [],
    ...(header === undefined ? {} : { lastInsertId: String(header.insertId) }),
  }
}

/** How many rows a statement changed, or found to change; of several statements all together. */
export function affectedRowsOf(answer: Answer): number {
  return resultsIn(answer).reduce(
    (sum, [result]) => sum + (Array.isArray(result) ? 0 : (result as Header).affectedRows),
    0,
  )
}

function resultsIn([result, fields]: Answer): [unknown, FieldPacket[] | undefined][] {
  // The columns of one result are a list of columns; those of several a list of such lists, with gaps for those without rows.
  const isSeveral =
    Array.isArray(fields) && fields.some((each) => each === undefined || Array.isArray(each))
  if (!isSeveral) return [[result, fields as FieldPacket[] | undefined]]
  return (result as unknown[]).map((each, index) => [each, fields[index]])
}

function withTemporals(rows: Row[], fields: FieldPacket[]): SqlResultSet {
  const columnNames = fields.map(({ name }) => name)
  const columnTypes = fields.map(columnTypeOf)
  const temporals = columnTypes.flatMap((type, index) => {
    const read = readerOf(type)
    return read === undefined ? [] : [{ index, read, name: columnNames[index] ?? '' }]
  })
  if (temporals.length > 0) {
    for (const row of rows) {
      for (const { index, read, name } of temporals) {
        const text = row[index]
        if (typeof text === 'string') row[index] = read(text, name)
      }
    }
  }
  return { columnNames, columnTypes, rows }
}

function readerOf(type: ColumnType): ((text: string, column: string) => string) | undefined {
  switch (type) {
    case ColumnTypeEnum.DateTime:
      return (text, column) => `${readDate(text, column).replace(' ', 'T')}+00:00`
    case ColumnTypeEnum.Date:
      return readDate
    case ColumnTypeEnum.Time:
      return readTime
    default:
      return undefined
  }
}

/** With month or day zero it is no date for JavaScript, which would make one of it that is invalid, or another one. */
function readDate(text: string, column: string): string {
  if (text.startsWith('00', 5) || text.startsWith('00', 8)) {
    throw outOfRange(`The column \`${column}\` has a date whose month or day is zero`)
  }
  return text
}

/** A TIME may be negative, or several days long; Prisma's is a time of day. */
function readTime(text: string, column: string): string {
  if (!/^([01]\d|2[0-3]):/.test(text)) {
    throw outOfRange(`The column \`${column}\` has a TIME that is no time of day`)
  }
  return text
}

function outOfRange(cause: string): AuroraAdapterError {
  return new AuroraAdapterError(
    { kind: 'ValueOutOfRange', cause, originalMessage: cause },
    undefined,
  )
}
