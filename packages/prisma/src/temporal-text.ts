/** A moment in UTC. Six digits of a second are what MySQL keeps, and more than JavaScript's Date does. */
const UTC_MOMENT =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(?:Z|[+-]00(?::?00)?)?$/
const ZONED_MOMENT = /^\d{4}-\d\d-\d\d[T ][\d:.]+[+-]\d\d:?\d\d$/

/**
 * A date, a time or both as MySQL writes it, in UTC. What is no moment (a TIME of a row, say) stays as it is.
 *
 * @param text ISO 8601; without a zone it is UTC, as everything that Prisma keeps in a database
 * @param dbType the column's type where Prisma knows it: of `DATE` and `TIME` only that part is written
 */
export function temporalText(text: string, dbType: string | undefined): string {
  const match = UTC_MOMENT.exec(text) ?? UTC_MOMENT.exec(inUtc(text))
  if (match === null) return text
  const [, date = '', time = '', digits = ''] = match
  const fraction = /[1-9]/.test(digits) ? `.${digits}` : ''
  switch (dbType) {
    case 'DATE':
      return date
    case 'TIME':
      return time + fraction
    default:
      return `${date} ${time}${fraction}`
  }
}

function inUtc(text: string): string {
  // Date would make a date of nearly any text.
  const moment = new Date(ZONED_MOMENT.test(text) ? text : Number.NaN)
  return Number.isNaN(moment.getTime()) ? text : moment.toISOString()
}
