import type { TypedValue } from '../compile/emission.js'
import { SqlError, unsupported } from '../sql-error.js'
import { showInMessage } from '../values/show-value.js'
import { BIGINT, stringType } from '../values/sql-type.js'

/** The MySQL version that the storage behaves like and announces: Aurora MySQL version 3's. */
export const SERVER_VERSION = '8.0.39'

/** How a variable may be set: freely, not at all, or only to values that change nothing here. */
type Rule = 'free' | 'fixed' | ((value: string) => boolean)

interface Definition {
  readonly value: number | string
  readonly rule: Rule
}

const isUtf8 = (value: string): boolean => /^utf8(mb[34])?$/i.test(value)
const isUtc = (value: string): boolean => /^(system|utc|\+00:00)$/i.test(value)
const isStrict = (value: string): boolean => {
  const modes = value.toUpperCase().split(',')
  return (
    modes.some((mode) => STRICT_MODES.has(mode)) && modes.every((mode) => KNOWN_MODES.has(mode))
  )
}
const STRICT_MODES = new Set(['STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES', 'TRADITIONAL'])
const KNOWN_MODES = new Set([
  ...STRICT_MODES,
  'ONLY_FULL_GROUP_BY',
  'NO_ZERO_IN_DATE',
  'NO_ZERO_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_ENGINE_SUBSTITUTION',
])
const isOn = (value: string): boolean => /^(1|on)$/i.test(value)
const isOff = (value: string): boolean => /^(0|off)$/i.test(value)
const isInsensitive = (value: string): boolean => /^utf8(mb[34])?_.*_ci$/i.test(value)

const SQL_MODE =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

const free = (value: number | string): Definition => ({ value, rule: 'free' })
const fixed = (value: number | string): Definition => ({ value, rule: 'fixed' })

/** The variables of the subset with their defaults. */
const DEFINITIONS: Readonly<Record<string, Definition>> = {
  auto_increment_increment: { value: 1, rule: (value) => value === '1' },
  auto_increment_offset: { value: 1, rule: (value) => value === '1' },
  autocommit: free(1),
  character_set_client: { value: 'utf8mb4', rule: isUtf8 },
  character_set_connection: { value: 'utf8mb4', rule: isUtf8 },
  character_set_database: { value: 'utf8mb4', rule: isUtf8 },
  character_set_results: { value: 'utf8mb4', rule: isUtf8 },
  character_set_server: { value: 'utf8mb4', rule: isUtf8 },
  collation_connection: { value: 'utf8mb4_0900_ai_ci', rule: isInsensitive },
  collation_database: { value: 'utf8mb4_0900_ai_ci', rule: isInsensitive },
  collation_server: { value: 'utf8mb4_0900_ai_ci', rule: isInsensitive },
  default_storage_engine: fixed('InnoDB'),
  explicit_defaults_for_timestamp: { value: 1, rule: isOn },
  foreign_key_checks: { value: 1, rule: isOn },
  group_concat_max_len: free(1024),
  hostname: fixed('localhost'),
  init_connect: fixed(''),
  innodb_lock_wait_timeout: free(50),
  interactive_timeout: free(28800),
  license: fixed('GPL'),
  lock_wait_timeout: free(31536000),
  lower_case_table_names: fixed(0),
  max_allowed_packet: fixed(67108864),
  max_connections: fixed(1000),
  max_execution_time: { value: 0, rule: (value) => value === '0' },
  net_buffer_length: fixed(16384),
  net_read_timeout: free(30),
  net_write_timeout: free(60),
  performance_schema: fixed(0),
  port: fixed(3306),
  protocol_version: fixed(10),
  pseudo_thread_id: fixed(0),
  read_only: fixed(0),
  server_id: fixed(1),
  sql_auto_is_null: { value: 0, rule: isOff },
  sql_big_selects: { value: 1, rule: isOn },
  sql_log_bin: free(1),
  sql_mode: { value: SQL_MODE, rule: isStrict },
  sql_notes: free(1),
  sql_quote_show_create: free(1),
  sql_safe_updates: { value: 0, rule: isOff },
  sql_select_limit: {
    value: '18446744073709551615',
    rule: (value) => value === '18446744073709551615',
  },
  sql_warnings: free(0),
  super_read_only: fixed(0),
  system_time_zone: fixed('UTC'),
  time_zone: { value: 'SYSTEM', rule: isUtc },
  transaction_isolation: free('REPEATABLE-READ'),
  transaction_read_only: free(0),
  unique_checks: free(1),
  version: fixed(SERVER_VERSION),
  version_comment: fixed('aurora-mysql2-simulator, embedded storage'),
  version_compile_os: fixed('Linux'),
  wait_timeout: free(28800),
}

const ALIASES: Readonly<Record<string, string>> = {
  tx_isolation: 'transaction_isolation',
  tx_read_only: 'transaction_read_only',
}

/** Variables that SHOW VARIABLES writes as ON and OFF. */
const SWITCHES = new Set(
  `autocommit explicit_defaults_for_timestamp foreign_key_checks performance_schema read_only sql_auto_is_null
  sql_big_selects sql_log_bin sql_notes sql_quote_show_create sql_safe_updates sql_warnings super_read_only
  transaction_read_only unique_checks`.split(/\s+/),
)

/** The system variables of one session. */
export class SystemVariables {
  readonly #values = new Map<string, number | string>()

  /** The value as SELECT @@name gives it. */
  get(name: string): TypedValue {
    const value = this.raw(name)
    if (typeof value === 'number') return { type: BIGINT, value: BigInt(value) }
    return { type: stringType([...value].length), value }
  }

  raw(name: string): number | string {
    const key = ALIASES[name] ?? name
    const definition = DEFINITIONS[key]
    if (!definition) throw unsupported(`@@${name}`)
    return this.#values.get(key) ?? definition.value
  }

  number(name: string): number {
    return Number(this.raw(name))
  }

  /** Sets a variable to a value given by a client; DEFAULT is `undefined`. */
  set(name: string, given: TypedValue | undefined): void {
    const key = ALIASES[name] ?? name
    const definition = DEFINITIONS[key]
    if (!definition) throw unsupported(`SET ${name}`)
    if (definition.rule === 'fixed') {
      throw new SqlError(1238, 'HY000', `Variable '${name}' is a read only variable`)
    }
    if (!given) {
      this.#values.delete(key)
      return
    }
    const text = given.value === null ? '' : showInMessage(given.value, given.type)
    if (typeof definition.rule === 'function' && !definition.rule(text)) {
      throw unsupported(`SET ${name} = '${text}'`)
    }
    this.#values.set(key, convert(key, definition.value, text))
  }

  /** Back to what a new session has. */
  reset(): void {
    this.#values.clear()
  }

  /** All variables as SHOW VARIABLES writes them. */
  list(): readonly (readonly [name: string, value: string])[] {
    return Object.keys(DEFINITIONS).map((name) => {
      const value = this.raw(name)
      return [name, SWITCHES.has(name) ? (value === 1 ? 'ON' : 'OFF') : String(value)] as const
    })
  }
}

function convert(name: string, kind: number | string, text: string): number | string {
  if (name === 'transaction_isolation') {
    const level = text.toUpperCase().replaceAll(' ', '-')
    if (/^(READ-(UN)?COMMITTED|REPEATABLE-READ|SERIALIZABLE)$/.test(level)) return level
    throw wrongValue(name, text)
  }
  if (typeof kind === 'string') return text
  if (/^(on|true)$/i.test(text)) return 1
  if (/^(off|false)$/i.test(text)) return 0
  if (!/^-?\d+$/.test(text)) {
    throw new SqlError(1232, '42000', `Incorrect argument type to variable '${name}'`)
  }
  if (SWITCHES.has(name) && text !== '0' && text !== '1') throw wrongValue(name, text)
  return Number(text)
}

function wrongValue(name: string, value: string): SqlError {
  return new SqlError(1231, '42000', `Variable '${name}' can't be set to the value of '${value}'`)
}
