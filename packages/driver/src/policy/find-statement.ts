import { findSet } from './find-set.js'
import type { Control } from './sql-class.js'
import { Found } from './sql-findings.js'
import type { SqlScanner } from './sql-scanner.js'

const { WRITE, SESSION, EFFECTS, PINS, STATE, CALL, MAY_COMMIT } = Found
const { VARIABLE, SYSTEM_VARIABLE, INTO } = Found

/**
 * Reads the statement that begins at the scanner's token, notes what kind it is, and says what it
 * does to the transaction. Implicit commits: MySQL 8.4 manual, 15.3.3.
 */
export function findStatement(scanner: SqlScanner): Control {
  if (scanner.isCharacter('(')) {
    return findParenthesised(scanner)
  }
  switch (scanner.kind === 'word' ? scanner.word?.text : undefined) {
    case 'SELECT':
    case 'WITH':
    case 'TABLE':
    case 'VALUES':
      return findQuery(scanner)
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'REPLACE':
    case 'DO':
    case 'KILL':
    case 'SIGNAL':
    case 'RESIGNAL':
    case 'CHECKSUM':
    case 'DEALLOCATE':
      return note(scanner, WRITE | EFFECTS)
    case 'SET':
      return findSet(scanner)
    case 'USE':
      return note(scanner, SESSION | STATE)
    case 'BEGIN':
      return findBegin(scanner)
    case 'START':
      return findStart(scanner)
    case 'COMMIT':
      return findEnd(scanner, 'commit', MAY_COMMIT)
    case 'ROLLBACK':
      return findEnd(scanner, 'rollback', 0)
    case 'SAVEPOINT':
    case 'RELEASE':
      note(scanner, SESSION | EFFECTS)
      return 'savepoint'
    case 'CALL':
      return noteAssigning(scanner, WRITE | EFFECTS | CALL | MAY_COMMIT)
    case 'LOAD':
      return findLoad(scanner)
    case 'GET':
      return noteAssigning(scanner, SESSION | EFFECTS)
    case 'SHOW':
      return findShow(scanner)
    case 'HELP':
      return note(scanner, WRITE)
    case 'EXPLAIN':
    case 'DESCRIBE':
    case 'DESC':
      return findExplain(scanner)
    case 'CREATE':
    case 'DROP':
      return findCreateOrDrop(scanner)
    case 'FLUSH':
      return findFlush(scanner)
    case 'ALTER':
    case 'ANALYZE':
    case 'BINLOG':
    case 'CACHE':
    case 'CHANGE':
    case 'CHECK':
    case 'CLONE':
    case 'GRANT':
    case 'IMPORT':
    case 'INSTALL':
    case 'OPTIMIZE':
    case 'PURGE':
    case 'RENAME':
    case 'REPAIR':
    case 'RESET':
    case 'RESTART':
    case 'REVOKE':
    case 'SHUTDOWN':
    case 'STOP':
    case 'TRUNCATE':
    case 'UNINSTALL':
    case 'UNLOCK':
      return note(scanner, WRITE | EFFECTS | MAY_COMMIT)
    case 'PREPARE':
    case 'HANDLER':
      return note(scanner, WRITE | EFFECTS | PINS)
    // What is executed is not visible in the text.
    case 'EXECUTE':
      return note(scanner, WRITE | EFFECTS | PINS | CALL | MAY_COMMIT)
    default:
      // LOCK, XA, and whatever is not known.
      return note(scanner, WRITE | EFFECTS | PINS | MAY_COMMIT)
  }
}

function note(scanner: SqlScanner, findings: number): Control {
  scanner.drain()
  scanner.findings |= findings
  return 'none'
}

/** A user variable in such a statement is assigned to. */
function noteAssigning(scanner: SqlScanner, findings: number): Control {
  note(scanner, findings)
  if ((scanner.findings & VARIABLE) !== 0) {
    scanner.findings |= PINS
  }
  return 'none'
}

/** Whatever is in a query that makes it more than a read is noted by the scanner. */
function findQuery(scanner: SqlScanner): Control {
  scanner.drain()
  const { findings } = scanner
  if ((findings & VARIABLE) !== 0) {
    scanner.findings |= SESSION | EFFECTS | ((findings & INTO) === 0 ? 0 : PINS)
  }
  if ((findings & SYSTEM_VARIABLE) !== 0) {
    scanner.findings |= WRITE
  }
  return 'none'
}

function findParenthesised(scanner: SqlScanner): Control {
  while (scanner.isCharacter('(')) {
    scanner.advance()
  }
  return beginsQuery(scanner)
    ? findQuery(scanner)
    : note(scanner, WRITE | EFFECTS | PINS | MAY_COMMIT)
}

function beginsQuery(scanner: SqlScanner): boolean {
  return (
    scanner.isWord('SELECT') ||
    scanner.isWord('WITH') ||
    scanner.isWord('TABLE') ||
    scanner.isWord('VALUES')
  )
}

/** Explaining a query is a read of its kind; explaining a table must see the last DDL. */
function findExplain(scanner: SqlScanner): Control {
  scanner.advance()
  while (isExplainOption(scanner)) {
    scanner.advance()
  }
  if (scanner.isCharacter('(')) {
    return findParenthesised(scanner)
  }
  return beginsQuery(scanner) ? findQuery(scanner) : note(scanner, WRITE | EFFECTS)
}

function isExplainOption(scanner: SqlScanner): boolean {
  switch (scanner.kind === 'word' ? scanner.word?.text : undefined) {
    case 'ANALYZE':
    case 'EXTENDED':
    case 'PARTITIONS':
    case 'FORMAT':
    case 'JSON':
    case 'TREE':
    case 'TRADITIONAL':
    case 'INTO':
      return true
    default:
      return (
        scanner.isCharacter('=') ||
        scanner.kind === 'string' ||
        scanner.kind === 'double-quoted' ||
        scanner.kind === 'variable'
      )
  }
}

function findShow(scanner: SqlScanner): Control {
  scanner.advance()
  const isAboutSession =
    scanner.isWord('WARNINGS') || scanner.isWord('ERRORS') || scanner.isWord('COUNT')
  scanner.drain()
  scanner.findings |= isAboutSession ? SESSION | EFFECTS : WRITE
  return 'none'
}

function findBegin(scanner: SqlScanner): Control {
  scanner.advance()
  if (scanner.isWord('WORK')) {
    scanner.advance()
  }
  // MariaDB's BEGIN NOT ATOMIC runs statements.
  if (!scanner.isAtEnd) {
    return note(scanner, WRITE | EFFECTS | PINS | MAY_COMMIT)
  }
  scanner.findings |= WRITE | PINS | MAY_COMMIT
  return 'begin'
}

function findStart(scanner: SqlScanner): Control {
  scanner.advance()
  if (!scanner.isWord('TRANSACTION')) {
    return note(scanner, WRITE | EFFECTS | MAY_COMMIT)
  }
  let isReadOnly = false
  while (!scanner.isAtEnd) {
    isReadOnly ||= scanner.isWord('ONLY')
    scanner.advance()
  }
  scanner.findings |= WRITE | PINS | MAY_COMMIT
  return isReadOnly ? 'begin-read-only' : 'begin'
}

/** COMMIT and ROLLBACK; with AND CHAIN another transaction begins. */
function findEnd(scanner: SqlScanner, control: 'commit' | 'rollback', findings: number): Control {
  let isChained = false
  let isNegated = false
  let isToSavepoint = false
  scanner.advance()
  while (!scanner.isAtEnd) {
    isToSavepoint ||= scanner.isWord('TO')
    isChained ||= scanner.isWord('CHAIN') && !isNegated
    isNegated = scanner.isWord('NO')
    scanner.advance()
  }
  scanner.findings |= SESSION | EFFECTS | findings | (isChained ? PINS : 0)
  return isToSavepoint ? 'savepoint' : isChained ? 'begin' : control
}

function findLoad(scanner: SqlScanner): Control {
  scanner.advance()
  const isIndex = scanner.isWord('INDEX')
  return noteAssigning(scanner, WRITE | EFFECTS | (isIndex ? MAY_COMMIT : 0))
}

/** Temporary tables live on their connection, and neither commit nor are committed. */
function findCreateOrDrop(scanner: SqlScanner): Control {
  const isCreate = scanner.isWord('CREATE')
  let isTemporary = false
  scanner.advance()
  while (!scanner.isAtEnd) {
    isTemporary ||= scanner.isWord('TEMPORARY')
    scanner.advance()
  }
  scanner.findings |= WRITE | EFFECTS
  scanner.findings |= isTemporary ? (isCreate ? PINS : 0) : MAY_COMMIT
  return 'none'
}

/** With a lock, or for export, tables stay locked on that connection. */
function findFlush(scanner: SqlScanner): Control {
  let isLocking = false
  scanner.advance()
  while (!scanner.isAtEnd) {
    isLocking ||= scanner.isWord('LOCK') || scanner.isWord('EXPORT')
    scanner.advance()
  }
  scanner.findings |= WRITE | EFFECTS | MAY_COMMIT | (isLocking ? PINS : 0)
  return 'none'
}
