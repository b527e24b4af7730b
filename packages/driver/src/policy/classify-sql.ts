import { findStatement } from './find-statement.js'
import type { Control, SqlClass } from './sql-class.js'
import { Found } from './sql-findings.js'
import { parseSqlHint } from './sql-hint.js'
import { type SqlReading, USUAL_READING } from './sql-lexer.js'
import { SqlScanner } from './sql-scanner.js'

const { WRITE, SESSION, EFFECTS, PINS, STATE, SEVERAL, CALL, MAY_COMMIT, BAD } = Found

/** What is said of a text that does not lex: the worst. */
const UNSURE = WRITE | EFFECTS | PINS | SEVERAL | MAY_COMMIT
/** What goes into a class. */
const MEANINGFUL = WRITE | SESSION | EFFECTS | PINS | STATE | SEVERAL | CALL | MAY_COMMIT

/**
 * Says what a text is, by lexing it once: where it goes and whether running it twice is harmless.
 *
 * Never throws, and takes time linear in the text. Unsure means write: a write taken for a read is
 * a fault, a read taken for a write costs a little. What a text is may depend on the session's
 * sql_mode (ANSI_QUOTES, NO_BACKSLASH_ESCAPES) and on the server's version (executable comments);
 * where the readings differ, it is a read only when all of them say so.
 */
export function classifySql(text: string): SqlClass {
  const scanner = new SqlScanner(text, USUAL_READING)
  const control = scanText(scanner)
  const findings = isPlain(scanner) ? scanner.findings : withOtherReadings(text, scanner)
  const sqlClass = classOf(findings, (findings & SEVERAL) === 0 ? control : 'none')
  const hint = parseSqlHint(text)
  return hint === undefined ? sqlClass : Object.freeze({ ...sqlClass, ...hint })
}

/** Whether every server reads the text in the same way. */
function isPlain(scanner: SqlScanner): boolean {
  return !(
    scanner.hasEscapedSingleQuote ||
    scanner.hasEscapedDoubleQuote ||
    scanner.hasExecutableComment
  )
}

/** Adds up the statements of a text. */
function scanText(scanner: SqlScanner): Control {
  scanner.enterStatement()
  const control = findStatement(scanner)
  scanner.drain()
  while (scanner.isCharacter(';')) {
    scanner.enterStatement()
    if (scanner.kind === 'end') {
      break
    }
    findStatement(scanner)
    scanner.drain()
    scanner.findings |= WRITE | EFFECTS | SEVERAL | MAY_COMMIT
  }
  if ((scanner.findings & BAD) !== 0) {
    scanner.findings |= UNSURE
  }
  if ((scanner.findings & SEVERAL) !== 0 && (scanner.findings & STATE) !== 0) {
    // A text can be sent again to set what it sets, but not if it does something else too.
    scanner.findings = (scanner.findings & ~STATE) | PINS
  }
  return control
}

const NO_BACKSLASH_ESCAPES: SqlReading = {
  escapesInSingle: false,
  escapesInDouble: false,
  runsExecutable: true,
}
const ANSI_QUOTES: SqlReading = {
  escapesInSingle: true,
  escapesInDouble: false,
  runsExecutable: true,
}
const OLDER_SERVER: SqlReading = { ...USUAL_READING, runsExecutable: false }

/** What is found when the readings that this text allows are put together. */
function withOtherReadings(text: string, usual: SqlScanner): number {
  let { findings } = usual
  if (usual.hasExecutableComment) {
    findings |= findingsOf(text, OLDER_SERVER)
  }
  const hasEscapedQuote = usual.hasEscapedSingleQuote || usual.hasEscapedDoubleQuote
  if ((findings & WRITE) !== 0 || !hasEscapedQuote) {
    return findings
  }
  if (usual.hasExecutableComment || differs(text, NO_BACKSLASH_ESCAPES, findings)) {
    return findings | WRITE | EFFECTS
  }
  return usual.hasEscapedDoubleQuote && differs(text, ANSI_QUOTES, findings)
    ? findings | WRITE | EFFECTS
    : findings
}

/**
 * Whether this reading makes something else of the text. A text that it cannot lex is refused by
 * a server that reads so, but whatever stands before a semicolon has run by then.
 */
function differs(text: string, reading: SqlReading, findings: number): boolean {
  const scanner = new SqlScanner(text, reading)
  scanText(scanner)
  if ((scanner.findings & BAD) !== 0) {
    return scanner.hasSemicolon
  }
  return (scanner.findings & MEANINGFUL) !== (findings & MEANINGFUL)
}

function findingsOf(text: string, reading: SqlReading): number {
  const scanner = new SqlScanner(text, reading)
  scanText(scanner)
  return scanner.findings
}

/** Classes made so far: there are few, and nearly every text shares one. */
const CLASSES = new Map<string, Map<number, SqlClass>>()

function classOf(findings: number, control: Control): SqlClass {
  let classes = CLASSES.get(control)
  if (classes === undefined) {
    classes = new Map()
    CLASSES.set(control, classes)
  }
  const key = findings & MEANINGFUL
  let sqlClass = classes.get(key)
  if (sqlClass === undefined) {
    sqlClass = Object.freeze<SqlClass>({
      intent: (key & WRITE) !== 0 ? 'write' : (key & SESSION) !== 0 ? 'session' : 'read',
      isRepeatable: (key & EFFECTS) === 0,
      pins: (key & PINS) !== 0,
      setsState: (key & STATE) !== 0,
      control,
      isSingle: (key & SEVERAL) === 0,
      isCall: (key & CALL) !== 0,
      mayCommit: (key & MAY_COMMIT) !== 0,
      hint: undefined,
      hintError: undefined,
    })
    classes.set(key, sqlClass)
  }
  return sqlClass
}
