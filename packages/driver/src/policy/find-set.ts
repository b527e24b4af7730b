import type { Control } from './sql-class.js'
import { Found } from './sql-findings.js'
import type { SqlScanner } from './sql-scanner.js'

const { WRITE, SESSION, EFFECTS, PINS, STATE, MAY_COMMIT, VARIABLE } = Found

/** Variables whose value belongs to this connection alone, or to its next statement. */
const OF_ONE_CONNECTION: ReadonlySet<string> = new Set([
  'GTID_NEXT',
  'IDENTITY',
  'INSERT_ID',
  'LAST_INSERT_ID',
  'PSEUDO_THREAD_ID',
  'RAND_SEED1',
  'RAND_SEED2',
  'TIMESTAMP',
])

/** Reads a SET statement (MySQL 8.4 manual, 15.7.6 and 15.3.7). */
export function findSet(scanner: SqlScanner): Control {
  let control: Control = 'none'
  do {
    scanner.advance()
    const one = findAssignment(scanner)
    control = one === 'none' ? control : one
  } while (scanner.isCharacter(','))
  scanner.drain()
  scanner.findings |= SESSION
  return control
}

/** Reads one assignment, up to the comma or the end. */
function findAssignment(scanner: SqlScanner): Control {
  switch (scanner.kind === 'word' ? scanner.word?.text : undefined) {
    case 'GLOBAL':
    case 'PERSIST':
    case 'PERSIST_ONLY':
      scanner.advance()
      return findGlobal(scanner)
    case 'SESSION':
    case 'LOCAL':
      scanner.advance()
      if (scanner.isWord('TRANSACTION')) {
        return drain(scanner, STATE)
      }
      return findNamed(scanner)
    case 'TRANSACTION':
      drain(scanner, WRITE | PINS)
      return 'set-transaction'
    case 'NAMES':
    case 'CHARSET':
    case 'CHARACTER':
      scanner.findings |= STATE
      return findValue(scanner)
    case 'PASSWORD':
    case 'DEFAULT':
      return drain(scanner, WRITE | EFFECTS | MAY_COMMIT)
    case 'ROLE':
    case 'RESOURCE':
      return drain(scanner, WRITE | EFFECTS | PINS)
    // MariaDB's SET STATEMENT … FOR runs another statement.
    case 'STATEMENT':
      return drain(scanner, WRITE | EFFECTS | PINS | MAY_COMMIT)
    default:
      return findNamed(scanner)
  }
}

function drain(scanner: SqlScanner, findings: number): Control {
  scanner.drain()
  scanner.findings |= findings
  return 'none'
}

function findGlobal(scanner: SqlScanner): Control {
  scanner.findings |= WRITE | EFFECTS
  scanner.isAtSetTarget = true
  scanner.advance()
  return findValue(scanner)
}

/** An assignment to what is named at the scanner's token. */
function findNamed(scanner: SqlScanner): Control {
  if (scanner.kind === 'variable') {
    scanner.findings |= WRITE | EFFECTS | PINS
    scanner.advance()
    return findValue(scanner)
  }
  const isSystemVariable = scanner.kind === 'system-variable'
  const scope = isSystemVariable ? scanner.scope?.text : undefined
  if (scope === 'GLOBAL' || scope === 'PERSIST' || scope === 'PERSIST_ONLY') {
    return findGlobal(scanner)
  }
  const name = isSystemVariable || scanner.kind === 'word' ? scanner.word?.text : undefined
  scanner.isAtSetTarget = true
  scanner.advance()
  if (!scanner.isCharacter('=') && scanner.kind !== 'assign') {
    // A key cache, a component's variable, or a syntax error.
    scanner.findings |= WRITE | EFFECTS | PINS
    return findValue(scanner)
  }
  if (name === 'AUTOCOMMIT') {
    return findAutocommit(scanner)
  }
  const isOfNextTransaction = isSystemVariable && scope === undefined && isOfTransaction(name)
  if (isOfNextTransaction) {
    scanner.findings |= WRITE | PINS
  } else if (name !== undefined && OF_ONE_CONNECTION.has(name)) {
    scanner.findings |= WRITE | EFFECTS | PINS
  } else {
    scanner.findings |= STATE
  }
  findValue(scanner)
  return isOfNextTransaction ? 'set-transaction' : 'none'
}

/** Set with two at signs and without a scope, these hold for the next transaction only. */
function isOfTransaction(name: string | undefined): boolean {
  switch (name) {
    case 'TRANSACTION_ISOLATION':
    case 'TRANSACTION_READ_ONLY':
    case 'TX_ISOLATION':
    case 'TX_READ_ONLY':
      return true
    default:
      return false
  }
}

/** Goes over a value. One that asks the session or the data cannot be sent again as it is. */
function findValue(scanner: SqlScanner): Control {
  const before = scanner.findings
  scanner.findings = 0
  let depth = 0
  let asksData = false
  while (!scanner.isAtEnd && !(depth === 0 && scanner.isCharacter(','))) {
    asksData ||= scanner.isWord('SELECT')
    depth += scanner.isCharacter('(') ? 1 : scanner.isCharacter(')') ? -1 : 0
    scanner.advance()
    scanner.isAtSetTarget = false
  }
  const asksSession = (scanner.findings & (VARIABLE | SESSION)) !== 0
  const hasEffects = asksData || (scanner.findings & EFFECTS) !== 0
  scanner.findings |= before
  scanner.findings |= asksSession ? WRITE | PINS : 0
  scanner.findings |= hasEffects ? WRITE | EFFECTS | PINS : 0
  return 'none'
}

/** What is not plainly on may be off, and what is not plainly off may commit. */
function findAutocommit(scanner: SqlScanner): Control {
  scanner.isAtSetTarget = false
  scanner.advance()
  const text = scanner.tokenText.replace(/["']/g, '').toUpperCase()
  scanner.advance()
  const isWhole = scanner.isAtEnd || scanner.isCharacter(',')
  const isOn = isWhole && (text === '1' || text === 'ON' || text === 'TRUE')
  const isOff = isWhole && (text === '0' || text === 'OFF' || text === 'FALSE')
  scanner.findings |= EFFECTS
  scanner.findings |= isOff ? 0 : MAY_COMMIT
  scanner.findings |= isOn ? 0 : WRITE | PINS
  findValue(scanner)
  return isOn ? 'autocommit-on' : 'autocommit-off'
}
