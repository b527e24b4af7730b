import type { IntervalUnit } from '../../sql/ast.js'
import { SqlError, unsupported } from '../../sql-error.js'
import { BIGINT, DATE, decimalType, fspOf, INT } from '../../values/sql-type.js'
import type { Compilation } from '../compilation.js'
import { compileExtract } from '../compile-temporal.js'
import { literalValue, toDateTime, toInteger } from '../conversion.js'
import { type Emission, emit } from '../emission.js'
import type { SqlFunction } from './compile-call.js'

function now(what: 'datetime' | 'time'): SqlFunction {
  return {
    min: 0,
    max: 1,
    compile(compilation, list) {
      const digits = list[0] ? literalValue(list[0]) : 0n
      if (typeof digits !== 'bigint') throw unsupported('a precision that is not a literal')
      if (digits > 6n) {
        throw new SqlError(
          1426,
          '42000',
          `Too-big precision ${digits} specified for 'now'. Maximum is 6.`,
        )
      }
      return compilation.now(what, Number(digits))
    },
  }
}

const today: SqlFunction = { min: 0, max: 0, compile: (compilation) => compilation.now('date', 0) }

function extract(unit: IntervalUnit): SqlFunction {
  return {
    min: 1,
    max: 1,
    compile: (compilation, list) => compileExtract(compilation, unit, list[0] as Emission),
  }
}

function ofDate(compile: (compilation: Compilation, time: string) => Emission): SqlFunction {
  return {
    min: 1,
    max: 1,
    compile: (compilation, list) =>
      compile(compilation, toDateTime(compilation, list[0] as Emission).sql),
  }
}

/** Functions of dates and times. The server's zone is UTC. */
export const TIME_FUNCTIONS: Readonly<Record<string, SqlFunction>> = {
  NOW: now('datetime'),
  SYSDATE: now('datetime'),
  UTC_TIMESTAMP: now('datetime'),
  CURTIME: now('time'),
  UTC_TIME: now('time'),
  CURDATE: today,
  UTC_DATE: today,
  DATE: ofDate((_, time) => emit(`substr(${time}, 1, 10)`, DATE, true)),
  YEAR: extract('YEAR'),
  QUARTER: extract('QUARTER'),
  MONTH: extract('MONTH'),
  DAY: extract('DAY'),
  DAYOFMONTH: extract('DAY'),
  HOUR: extract('HOUR'),
  MINUTE: extract('MINUTE'),
  SECOND: extract('SECOND'),
  MICROSECOND: extract('MICROSECOND'),
  DAYOFWEEK: ofDate((_, time) => emit(`(CAST(strftime('%w', ${time}) AS INTEGER) + 1)`, INT, true)),
  WEEKDAY: ofDate((_, time) =>
    emit(`((CAST(strftime('%w', ${time}) AS INTEGER) + 6) % 7)`, INT, true),
  ),
  DAYOFYEAR: ofDate((_, time) => emit(`CAST(strftime('%j', ${time}) AS INTEGER)`, INT, true)),
  LAST_DAY: ofDate((_, time) =>
    emit(`date(substr(${time}, 1, 10), 'start of month', '+1 month', '-1 day')`, DATE, true),
  ),
  DATEDIFF: {
    min: 2,
    max: 2,
    compile(compilation, list) {
      const [a, b] = list.map((part) => toDateTime(compilation, part).sql)
      const day = (time: string | undefined): string => `julianday(substr(${time}, 1, 10))`
      return emit(`CAST(${day(a)} - ${day(b)} AS INTEGER)`, INT, true)
    },
  },
  UNIX_TIMESTAMP: {
    min: 0,
    max: 1,
    compile(compilation, list) {
      const time = list[0] ? toDateTime(compilation, list[0]) : compilation.now('datetime', 0)
      const fsp = fspOf(time.type)
      const sql = `m_unix(${time.sql}, ${fsp})`
      return emit(sql, fsp === 0 ? BIGINT : decimalType(12 + fsp, fsp), true)
    },
  },
  FROM_UNIXTIME: {
    min: 1,
    max: 1,
    compile(compilation, list) {
      const [seconds] = list as [Emission]
      if (seconds.type.kind !== 'int')
        throw unsupported('FROM_UNIXTIME of other than whole seconds')
      const sql = `strftime('%Y-%m-%d %H:%M:%S.000000', ${toInteger(compilation, seconds)}, 'unixepoch')`
      return emit(sql, { kind: 'datetime', fsp: 0, timestamp: false }, true)
    },
  },
  DATE_FORMAT: {
    min: 2,
    max: 2,
    compile(compilation, list) {
      const [time, format] = list as [Emission, Emission]
      const sql = `m_date_format(${toDateTime(compilation, time).sql}, ${format.sql})`
      return emit(
        sql,
        { kind: 'string', form: 'VARCHAR', maxChars: 255, exact: false, members: undefined },
        true,
      )
    },
  },
}
