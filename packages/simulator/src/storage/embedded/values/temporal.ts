const DATETIME =
  /^\s*(\d{4}|\d{2})[-/.:](\d{1,2})[-/.:](\d{1,2})(?:[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?\s*$/
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})(?:\.(\d*))?)?$/
const TIME = /^\s*(-)?(?:(\d+)\s+)?(\d{1,3}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?\s*$/

const MICROS_PER_SECOND = 1_000_000n
/** The farthest that MySQL's TIME reaches: 838:59:59. */
const TIME_LIMIT = 838n * 3600n * MICROS_PER_SECOND + 3599n * MICROS_PER_SECOND

/** A point in time without a zone, to the microsecond. */
export interface DateTime {
  /** Microseconds since 1970-01-01 00:00:00. */
  readonly micros: bigint
  /** Was a time of day given, or only a date? */
  readonly hasTime: boolean
}

/** Reads a date or date and time; undefined for what is none. Zero dates are none. */
export function parseDateTime(text: string): DateTime | undefined {
  const match = DATETIME.exec(text) ?? COMPACT.exec(text)
  if (!match) return undefined
  const [, yearText = '', month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match
  const year = yearText.length === 2 ? twoDigitYear(Number(yearText)) : Number(yearText)
  const dayMillis = utcMillis(year, Number(month), Number(day))
  if (dayMillis === undefined) return undefined
  const [h, m, s] = [Number(hour), Number(minute), Number(second)]
  if (h > 23 || m > 59 || s > 59) return undefined
  const seconds = BigInt(dayMillis / 1000) + BigInt(h * 3600 + m * 60 + s)
  const micros = seconds * MICROS_PER_SECOND + fractionMicros(fraction)
  return { micros, hasTime: match[4] !== undefined }
}

function twoDigitYear(year: number): number {
  return year < 70 ? 2000 + year : 1900 + year
}

function utcMillis(year: number, month: number, day: number): number | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCDate() === day && date.getUTCMonth() === month - 1 ? date.getTime() : undefined
}

/** A fraction of a second; a seventh digit rounds. */
function fractionMicros(fraction: string): bigint {
  if (fraction === '') return 0n
  const micros = BigInt(fraction.slice(0, 6).padEnd(6, '0'))
  return fraction.length > 6 && fraction.charCodeAt(6) >= 53 ? micros + 1n : micros
}

/** Rounds to the digits of fraction that a column keeps. */
export function roundMicros(micros: bigint, fsp: number): bigint {
  const step = 10n ** BigInt(6 - fsp)
  const shifted = micros + step / 2n
  const rest = ((shifted % step) + step) % step
  return shifted - rest
}

/** As the engine stores it: `YYYY-MM-DD HH:MM:SS.ffffff`. */
export function formatDateTime(micros: bigint): string {
  const rest = ((micros % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND
  const millis = Number((micros - rest) / 1000n)
  const iso = new Date(millis).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}.${rest.toString().padStart(6, '0')}`
}

/** The years that MySQL's DATETIME can hold. */
export function isWithinCalendar(micros: bigint): boolean {
  return micros >= -62135596800_000_000n && micros < 253402300800_000_000n
}

/** Microseconds of the engine's text, of a date too. */
export function microsOf(stored: string): bigint {
  const seconds =
    BigInt(Date.parse(`${stored.slice(0, 10)}T${stored.slice(11, 19) || '00:00:00'}Z`)) / 1000n
  return seconds * MICROS_PER_SECOND + BigInt(stored.slice(20) || '0')
}

/** The engine's text cut to the digits that are shown. */
export function showDateTime(stored: string, fsp: number): string {
  return fsp === 0 ? stored.slice(0, 19) : stored.slice(0, 20 + fsp)
}

/** Reads a time of day or a span, in microseconds; undefined for what is none. */
export function parseTime(text: string): bigint | undefined {
  const match = TIME.exec(text)
  if (!match) return undefined
  const [, sign, days = '0', hours, minutes, seconds = '0', fraction = ''] = match
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const total = Number(days) * 86400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const micros = BigInt(total) * MICROS_PER_SECOND + fractionMicros(fraction)
  if (micros > TIME_LIMIT) return undefined
  return sign ? -micros : micros
}

/** A span as MySQL writes it: `-838:59:59.000000`. */
export function formatTime(value: bigint | number, fsp: number): string {
  const micros = BigInt(value)
  const size = micros < 0n ? -micros : micros
  const seconds = Number(size / MICROS_PER_SECOND)
  const pad = (part: number): string => part.toString().padStart(2, '0')
  const whole = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
  const fraction = (size % MICROS_PER_SECOND).toString().padStart(6, '0').slice(0, fsp)
  return `${micros < 0n ? '-' : ''}${whole}${fsp > 0 ? `.${fraction}` : ''}`
}

/** The clock in UTC, cut to `fsp` digits, as the engine stores a time. */
export function formatNow(micros: bigint, fsp: number): string {
  const step = 10n ** BigInt(6 - fsp)
  return formatDateTime(micros - (micros % step))
}
