/** The syntax tree of the MySQL subset that the embedded storage understands. */

export type ComparisonOperator = '=' | '<=>' | '<>' | '<' | '<=' | '>' | '>='
export type ArithmeticOperator = '+' | '-' | '*' | '/' | 'DIV' | '%' | '|' | '&' | '^' | '<<' | '>>'
export type LogicalOperator = 'AND' | 'OR' | 'XOR'
export type IntervalUnit =
  | 'MICROSECOND'
  | 'SECOND'
  | 'MINUTE'
  | 'HOUR'
  | 'DAY'
  | 'WEEK'
  | 'MONTH'
  | 'QUARTER'
  | 'YEAR'

/** A value or a condition. */
export type Expression =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | {
      readonly kind: 'temporal'
      readonly type: 'DATE' | 'TIME' | 'DATETIME'
      readonly text: string
    }
  | { readonly kind: 'parameter'; readonly index: number }
  | ColumnReference
  | { readonly kind: 'userVariable'; readonly name: string }
  | {
      readonly kind: 'systemVariable'
      readonly scope: 'session' | 'global'
      readonly name: string
    }
  | { readonly kind: 'negate'; readonly operand: Expression }
  | { readonly kind: 'invert'; readonly operand: Expression }
  | { readonly kind: 'not'; readonly operand: Expression }
  | {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'comparison'
      readonly operator: ComparisonOperator
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'logical'
      readonly operator: LogicalOperator
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'between'
      readonly negated: boolean
      readonly operand: Expression
      readonly low: Expression
      readonly high: Expression
    }
  | {
      readonly kind: 'inList'
      readonly negated: boolean
      readonly operand: readonly Expression[]
      readonly list: readonly (readonly Expression[])[]
    }
  | {
      readonly kind: 'inQuery'
      readonly negated: boolean
      readonly operand: readonly Expression[]
      readonly query: Query
    }
  | {
      readonly kind: 'like'
      readonly negated: boolean
      readonly operand: Expression
      readonly pattern: Expression
      readonly escape: string
    }
  | {
      readonly kind: 'isTest'
      readonly negated: boolean
      readonly operand: Expression
      readonly test: 'NULL' | 'TRUE' | 'FALSE'
    }
  | {
      readonly kind: 'case'
      readonly operand: Expression | undefined
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[]
      readonly otherwise: Expression | undefined
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: CastType }
  | { readonly kind: 'collate'; readonly operand: Expression; readonly collation: string }
  | FunctionCall
  | {
      readonly kind: 'addInterval'
      readonly operand: Expression
      readonly amount: Expression
      readonly unit: IntervalUnit
      readonly sign: 1 | -1
    }
  | {
      readonly kind: 'timestampDiff'
      readonly unit: IntervalUnit
      readonly from: Expression
      readonly to: Expression
    }
  | { readonly kind: 'extract'; readonly unit: IntervalUnit; readonly operand: Expression }
  | {
      readonly kind: 'trim'
      readonly side: 'BOTH' | 'LEADING' | 'TRAILING'
      readonly what: Expression | undefined
      readonly operand: Expression
    }
  | { readonly kind: 'scalarQuery'; readonly query: Query }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'insertedValue'; readonly column: string }
  | { readonly kind: 'default'; readonly column: string | undefined }

export interface ColumnReference {
  readonly kind: 'column'
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly name: string
}

export interface FunctionCall {
  readonly kind: 'call'
  /** In upper case. */
  readonly name: string
  readonly arguments: readonly Expression[]
  /** `COUNT(*)`. */
  readonly star: boolean
  readonly distinct: boolean
  /** Of GROUP_CONCAT. */
  readonly orderBy: readonly OrderItem[]
  readonly separator: string | undefined
}

/** The target of CAST and CONVERT. */
export type CastType =
  | { readonly to: 'SIGNED' | 'UNSIGNED' | 'DOUBLE' | 'DATE' | 'JSON' }
  | { readonly to: 'CHAR' | 'BINARY'; readonly length: number | undefined }
  | { readonly to: 'DATETIME' | 'TIME'; readonly fsp: number }
  | { readonly to: 'DECIMAL'; readonly precision: number; readonly scale: number }

export interface TableName {
  readonly schema: string | undefined
  readonly name: string
}

export interface OrderItem {
  readonly expression: Expression
  readonly descending: boolean
}

export interface Limit {
  readonly count: Expression
  readonly offset: Expression | undefined
}

export type SelectItem =
  | { readonly kind: 'star'; readonly table: string | undefined }
  | {
      readonly kind: 'expression'
      readonly expression: Expression
      readonly alias: string | undefined
      /** The item as written: MySQL names the column so when there is no alias. */
      readonly text: string
    }

export type TableSource =
  | { readonly kind: 'table'; readonly name: TableName; readonly alias: string | undefined }
  | {
      readonly kind: 'derived'
      readonly query: Query
      readonly alias: string
      readonly columns: readonly string[] | undefined
    }
  | { readonly kind: 'dual' }
  | Join

export interface Join {
  readonly kind: 'join'
  readonly type: 'INNER' | 'LEFT' | 'RIGHT' | 'CROSS'
  readonly left: TableSource
  readonly right: TableSource
  readonly on: Expression | undefined
  readonly using: readonly string[] | undefined
}

export interface Select {
  readonly kind: 'select'
  readonly distinct: boolean
  readonly calcFoundRows: boolean
  readonly items: readonly SelectItem[]
  readonly from: TableSource | undefined
  readonly where: Expression | undefined
  readonly groupBy: readonly Expression[]
  readonly having: Expression | undefined
}

export interface SetOperation {
  readonly kind: 'setOperation'
  readonly operator: 'UNION' | 'UNION ALL' | 'EXCEPT' | 'INTERSECT'
  readonly left: Query
  readonly right: Query
}

export interface CommonTable {
  readonly name: string
  readonly columns: readonly string[] | undefined
  readonly query: Query
}

/** A query expression with what may follow it. */
export interface Query {
  readonly with:
    | { readonly recursive: boolean; readonly tables: readonly CommonTable[] }
    | undefined
  readonly body: Select | SetOperation | Query
  readonly orderBy: readonly OrderItem[]
  readonly limit: Limit | undefined
  readonly locking: 'none' | 'share' | 'update'
  /** With NOWAIT a lock that cannot be had at once is an error. */
  readonly nowait: boolean
}

export interface Assignment {
  readonly column: ColumnReference
  readonly value: Expression
}

export interface Insert {
  readonly kind: 'insert'
  readonly replace: boolean
  readonly ignore: boolean
  readonly table: TableName
  readonly columns: readonly string[] | undefined
  readonly source:
    | { readonly kind: 'values'; readonly rows: readonly (readonly Expression[])[] }
    | { readonly kind: 'query'; readonly query: Query }
  /** `AS new` after the values: what the new row is called in ON DUPLICATE KEY UPDATE. */
  readonly rowAlias: string | undefined
  readonly onDuplicate: readonly Assignment[]
}

export interface Update {
  readonly kind: 'update'
  readonly ignore: boolean
  readonly table: TableName
  readonly alias: string | undefined
  readonly assignments: readonly Assignment[]
  readonly where: Expression | undefined
  readonly orderBy: readonly OrderItem[]
  readonly limit: Limit | undefined
}

export interface Delete {
  readonly kind: 'delete'
  readonly table: TableName
  readonly alias: string | undefined
  readonly where: Expression | undefined
  readonly orderBy: readonly OrderItem[]
  readonly limit: Limit | undefined
}

/** A column's type as written: name in upper case, with its numbers, words and values. */
export interface ColumnType {
  readonly name: string
  readonly arguments: readonly number[]
  readonly values: readonly string[]
  readonly unsigned: boolean
}

export interface ColumnDefinition {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  readonly autoIncrement: boolean
  readonly defaultValue: Expression | undefined
  readonly onUpdateNow: boolean
  readonly key: 'primary' | 'unique' | undefined
  readonly collation: string | undefined
}

export interface KeyDefinition {
  readonly kind: 'primary' | 'unique' | 'index'
  readonly name: string | undefined
  readonly columns: readonly string[]
}

export interface ForeignKeyDefinition {
  readonly name: string | undefined
  readonly columns: readonly string[]
  readonly table: TableName
  readonly references: readonly string[]
  readonly onDelete: 'RESTRICT' | 'CASCADE' | 'SET NULL'
  readonly onUpdate: 'RESTRICT' | 'CASCADE' | 'SET NULL'
}

export interface CreateTable {
  readonly kind: 'createTable'
  readonly ifNotExists: boolean
  readonly table: TableName
  readonly columns: readonly ColumnDefinition[]
  readonly keys: readonly KeyDefinition[]
  readonly foreignKeys: readonly ForeignKeyDefinition[]
  readonly autoIncrement: number | undefined
}

export type AlterAction =
  | { readonly kind: 'addColumn'; readonly column: ColumnDefinition }
  | { readonly kind: 'dropColumn'; readonly name: string }
  | { readonly kind: 'addKey'; readonly key: KeyDefinition }
  | { readonly kind: 'dropKey'; readonly name: string }
  | { readonly kind: 'setAutoIncrement'; readonly value: number }

export type VariableAssignment =
  | {
      readonly kind: 'system'
      readonly scope: 'session' | 'global'
      readonly name: string
      readonly value: Expression | 'DEFAULT'
    }
  | { readonly kind: 'user'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'names'; readonly charset: string }

export type IsolationLevel =
  | 'READ UNCOMMITTED'
  | 'READ COMMITTED'
  | 'REPEATABLE READ'
  | 'SERIALIZABLE'

export type Statement =
  | { readonly kind: 'query'; readonly query: Query }
  | Insert
  | Update
  | Delete
  | CreateTable
  | {
      readonly kind: 'dropTable'
      readonly ifExists: boolean
      readonly tables: readonly TableName[]
    }
  | { readonly kind: 'truncate'; readonly table: TableName }
  | { readonly kind: 'createIndex'; readonly table: TableName; readonly key: KeyDefinition }
  | { readonly kind: 'dropIndex'; readonly table: TableName; readonly name: string }
  | {
      readonly kind: 'alterTable'
      readonly table: TableName
      readonly actions: readonly AlterAction[]
    }
  | { readonly kind: 'renameTable'; readonly from: TableName; readonly to: TableName }
  | {
      readonly kind: 'begin'
      readonly access: 'READ ONLY' | 'READ WRITE' | undefined
      readonly consistentSnapshot: boolean
    }
  | { readonly kind: 'commit'; readonly chain: boolean }
  | { readonly kind: 'rollback'; readonly chain: boolean }
  | { readonly kind: 'savepoint'; readonly name: string }
  | { readonly kind: 'rollbackTo'; readonly name: string }
  | { readonly kind: 'releaseSavepoint'; readonly name: string }
  | {
      readonly kind: 'setTransaction'
      readonly scope: 'next' | 'session'
      readonly isolation: IsolationLevel | undefined
      readonly access: 'READ ONLY' | 'READ WRITE' | undefined
    }
  | { readonly kind: 'setRole'; readonly role: string | undefined }
  | { readonly kind: 'set'; readonly assignments: readonly VariableAssignment[] }
  | { readonly kind: 'use'; readonly database: string }
  | { readonly kind: 'do'; readonly expressions: readonly Expression[] }
  | { readonly kind: 'kill'; readonly target: 'connection' | 'query'; readonly id: Expression }
  | {
      readonly kind: 'show'
      readonly what: 'variables' | 'tables' | 'databases' | 'warnings' | 'errors'
      readonly like: string | undefined
    }
  | { readonly kind: 'describe'; readonly table: TableName }
