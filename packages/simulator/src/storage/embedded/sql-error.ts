/** An error as a MySQL server reports it: number, SQLSTATE and message. */
export class SqlError extends Error {
  /** MySQL's error number, such as 1062. */
  readonly errno: number
  /** The five-character SQLSTATE, such as `23000`. */
  readonly sqlState: string

  constructor(errno: number, sqlState: string, message: string) {
    super(message)
    this.name = 'SqlError'
    this.errno = errno
    this.sqlState = sqlState
  }
}

/** 1235: valid MySQL, perhaps, but outside the subset that this storage answers truthfully. */
export function unsupported(what: string): SqlError {
  return new SqlError(
    1235,
    '42000',
    `This version of the simulator's embedded storage doesn't yet support '${what}'`,
  )
}

/** 1064, with the rest of the text and its line as MySQL quotes them. */
export function syntaxError(text: string, offset: number): SqlError {
  const near = text.slice(offset, offset + 80)
  const line = text.slice(0, offset).split('\n').length
  return new SqlError(
    1064,
    '42000',
    'You have an error in your SQL syntax; check the manual that corresponds to your MySQL server ' +
      `version for the right syntax to use near '${near}' at line ${line}`,
  )
}

/** 1054: no such column where `clause` (such as `field list`) looks for it. */
export function unknownColumn(name: string, clause: string): SqlError {
  return new SqlError(1054, '42S22', `Unknown column '${name}' in '${clause}'`)
}

/** 1146: no such table. */
export function unknownTable(database: string, table: string): SqlError {
  return new SqlError(1146, '42S02', `Table '${database}.${table}' doesn't exist`)
}

/** 1690: the result of an expression does not fit its type. */
export function outOfRange(type: string, expression: string): SqlError {
  return new SqlError(1690, '22003', `${type} value is out of range in '${expression}'`)
}
