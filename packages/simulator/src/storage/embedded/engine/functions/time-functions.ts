import type { IntervalUnit } from '../../sql/ast.js'
import { SqlError, unsupported } from '../../sql-error.js'
import { powerOfTen } from '../../values/decimal.js'
import {
  formatDateTime,
  isWithinCalendar,
  microsOf,
  parseDateTime,
  parseTime,
  roundMicros,
} from '../../values/temporal.js'
import type { FunctionTable } from './function-table.js'

const MICROS: Partial<Record<IntervalUnit, bigint>> = {
  MICROSECOND: 1n,
  SECOND: 1_000_000n,
  MINUTE: 60_000_000n,
  HOUR: 3_600_000_000n,
  DAY: 86_400_000_000n,
  WEEK: 604_800_000_000n,
}
const MONTHS: Partial<Record<IntervalUnit, number>> = { MONTH: 1, QUARTER: 3, YEAR: 12 }

function addInterval(
  stored: string,
  amount: bigint | number,
  unit: IntervalUnit,
  sign: bigint,
): string | null {
  const micros = MICROS[unit]
  const result =
    micros === undefined
      ? addMonths(stored, Number(sign) * Number(amount) * (MONTHS[unit] ?? 0))
      : microsOf(stored) + sign * spanOf(amount, micros)
  return isWithinCalendar(result) ? formatDateTime(result) : null
}

function spanOf(amount: bigint | number, unit: bigint): bigint {
  return typeof amount === 'bigint' ? amount * unit : BigInt(Math.round(amount * Number(unit)))
}

/** Adds months; a day that the month does not have becomes its last. */
function addMonths(stored: string, months: number): bigint {
  const micros = microsOf(stored)
  const date = new Date(`${stored.slice(0, 10)}T00:00:00Z`)
  const day = date.getUTCDate()
  const midnight = BigInt(date.getTime()) * 1000n
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
  return BigInt(date.getTime()) * 1000n + (micros - midnight)
}

function timestampDiff(unit: IntervalUnit, from: string, to: string): bigint {
  const [start, end] = [microsOf(from), microsOf(to)]
  const micros = MICROS[unit]
  if (micros !== undefined) return (end - start) / micros
  const sign = end < start ? -1 : 1
  const [early, late] = sign > 0 ? [from, to] : [to, from]
  const part = (text: string, at: number, length: number): number =>
    Number(text.slice(at, at + length))
  let months = (part(late, 0, 4) - part(early, 0, 4)) * 12 + part(late, 5, 2) - part(early, 5, 2)
  if (late.slice(8) < early.slice(8)) months--
  return BigInt(sign * Math.trunc(months / (MONTHS[unit] ?? 1)))
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

function dateFormat(stored: string, format: string): string {
  const date = new Date(`${stored.slice(0, 10)}T${stored.slice(11, 19)}Z`)
  const hour12 = ((date.getUTCHours() + 11) % 12) + 1
  const pad = (number: number): string => number.toString().padStart(2, '0')
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => stored.slice(0, 4),
    y: () => stored.slice(2, 4),
    m: () => stored.slice(5, 7),
    c: () => String(date.getUTCMonth() + 1),
    M: () => MONTH_NAMES[date.getUTCMonth()] as string,
    b: () => (MONTH_NAMES[date.getUTCMonth()] as string).slice(0, 3),
    d: () => stored.slice(8, 10),
    e: () => String(date.getUTCDate()),
    H: () => stored.slice(11, 13),
    k: () => String(date.getUTCHours()),
    h: () => pad(hour12),
    I: () => pad(hour12),
    l: () => String(hour12),
    i: () => stored.slice(14, 16),
    s: () => stored.slice(17, 19),
    S: () => stored.slice(17, 19),
    f: () => stored.slice(20, 26),
    p: () => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
    T: () => stored.slice(11, 19),
    r: () => `${pad(hour12)}:${stored.slice(14, 19)} ${date.getUTCHours() < 12 ? 'AM' : 'PM'}`,
    W: () => DAYS[date.getUTCDay()] as string,
    a: () => (DAYS[date.getUTCDay()] as string).slice(0, 3),
    w: () => String(date.getUTCDay()),
    '%': () => '%',
  }
  return format.replace(/%(.)/gs, (_, letter: string) => {
    const part = parts[letter]
    if (part) return part()
    if (/[DUuVvXxj]/.test(letter)) throw unsupported(`DATE_FORMAT with %${letter}`)
    return letter
  })
}

/** Functions of dates and times in the engine's text form. */
export const TIME_FUNCTIONS: FunctionTable = {
  m_datetime: (text: string) => {
    const parsed = parseDateTime(text)
    return parsed ? formatDateTime(parsed.micros) : null
  },
  m_datetime_strict: (text: string) => {
    const parsed = parseDateTime(text)
    if (!parsed) throw new SqlError(1292, '22007', `Incorrect datetime value: '${text}'`)
    return formatDateTime(parsed.micros)
  },
  m_time: (text: string) => parseTime(text) ?? null,
  m_round_time: (stored: string, fsp: bigint) =>
    formatDateTime(roundMicros(microsOf(stored), Number(fsp))),
  m_show_datetime: (stored: string) =>
    stored.endsWith(' 00:00:00.000000')
      ? stored.slice(0, 10)
      : stored.endsWith('.000000')
        ? stored.slice(0, 19)
        : stored,
  m_add_interval: addInterval,
  m_timestamp_diff: timestampDiff,
  m_unix: (stored: string, fsp: bigint) => microsOf(stored) / powerOfTen(6 - Number(fsp)),
  m_date_format: dateFormat,
}
