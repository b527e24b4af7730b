import { EFFECT_FREE_FUNCTIONS } from './effect-free-functions.js'
import { NAME_CHARACTERS, nameCharacter } from './sql-characters.js'
import { Found } from './sql-findings.js'

const { WRITE, EFFECTS, PINS, INTO } = Found

/** A word that means something to the classifier. */
export interface SqlWord {
  /** In upper case. */
  readonly text: string
  /** A built-in function that is known to be free of effects. */
  readonly isEffectFree: boolean
  /** Reserved, and may stand before a parenthesis without being the name of a function. */
  readonly mayPrecedeParenthesis: boolean
  /** A database that describes the server itself. */
  readonly isSystemSchema: boolean
  /** What its mere presence in a statement says. */
  readonly findings: number
  /** `FOR`, `SHARE`: what it says depends on the word before it. */
  readonly isFollower: boolean
  /** `INSERT`, `REPLACE`: functions before a parenthesis, and statements elsewhere. */
  readonly isStatementOrFunction: boolean
}

/** Reserved words (MySQL 8.4 manual, 11.3 "Keywords and Reserved Words") seen before `(`. */
const BEFORE_PARENTHESIS =
  `ALL AND AS BETWEEN BIGINT BINARY BY CASE CHAR DECIMAL DESC DESCRIBE DISTINCT DISTINCTROW
   DIV DOUBLE ELSE EXCEPT EXISTS EXPLAIN FLOAT FROM GROUP HAVING IN INDEX INT INTERSECT
   INTERVAL JOIN KEY LATERAL LIKE MOD NOT NUMERIC OF ON OR OVER PARTITION REAL REGEXP RLIKE
   ROW SELECT STRAIGHT_JOIN THEN UNION USING VALUES VARBINARY VARCHAR WHEN WHERE XOR`.split(/\s+/)

const SYSTEM_SCHEMAS = ['INFORMATION_SCHEMA', 'PERFORMANCE_SCHEMA', 'MYSQL', 'SYS']

/** Words that the rules of `sql-scanner.ts` and `classify-sql.ts` ask for by name. */
const OTHERS = `AGAINST ALTER ANALYZE ANY AUTOCOMMIT BEGIN BINLOG CACHE CALL CHAIN CHANGE CHARACTER
   CHARSET CHECK CHECKSUM CLONE COLUMNS COMMIT CONNECTION_ID CONSISTENT CREATE DATETIME
   DEALLOCATE DELETE DO DROP END ERRORS ERROR_COUNT EXECUTE EXPORT EXTENDED FALSE FLUSH FOR
   FOUND_ROWS GET GET_LOCK GLOBAL GRANT GTID_NEXT HANDLER HELP IDENTITY IMPORT INSERT_ID
   INSTALL INTO JSON KILL LAST_INSERT_ID LIMIT LOAD LOCAL LOCK NAMES NEXTVAL NO OFF ONLY
   OPTIMIZE PARTITIONS PASSWORD PERSIST PERSIST_ONLY PREPARE PSEUDO_THREAD_ID PURGE
   RAND_SEED1 RAND_SEED2 READ RECURSIVE RELEASE RENAME REPAIR RESET RESIGNAL RESOURCE RESTART
   REVOKE ROLE ROLLBACK ROW_COUNT SAVEPOINT SESSION SET SETVAL SHARE SHOW SHUTDOWN SIGNAL
   SNAPSHOT SOME SQL_CALC_FOUND_ROWS START STATEMENT STOP TABLE TEMPORARY TO TRADITIONAL
   TRANSACTION TRANSACTION_ISOLATION TRANSACTION_READ_ONLY TREE TRUE TX_ISOLATION
   TX_READ_ONLY UNINSTALL UNLOCK UPDATE USE VALUE WARNINGS WARNING_COUNT WITH WORK WRITE XA`.split(
  /\s+/,
)

const PRECEDING = new Set(BEFORE_PARENTHESIS)
const SCHEMAS = new Set(SYSTEM_SCHEMAS)

const FINDINGS: Readonly<Record<string, number>> = {
  INTO: INTO | WRITE | EFFECTS,
  UPDATE: WRITE | EFFECTS,
  DELETE: WRITE | EFFECTS,
  LOCK: WRITE | EFFECTS,
  NEXTVAL: WRITE | EFFECTS,
  SETVAL: WRITE | EFFECTS,
  SQL_CALC_FOUND_ROWS: PINS | WRITE | EFFECTS,
}

/** An open hash table, seven times as large as what is in it: most names of an application end at an empty place. */
const TABLE_SIZE = 4096
const TEXTS: (string | undefined)[] = new Array(TABLE_SIZE).fill(undefined)
const HASHES = new Int32Array(TABLE_SIZE)
/** What is known of the text at the same place. Described when it is first met: a process waits for this table as it starts. */
const WORDS: (SqlWord | undefined)[] = new Array(TABLE_SIZE).fill(undefined)

for (const texts of [EFFECT_FREE_FUNCTIONS, PRECEDING, SCHEMAS, OTHERS]) texts.forEach(addText)

function addText(text: string): void {
  let hash = 0
  // As `foldIntoHash` does it: a process waits for this, and cold calls would be half of what the table costs it.
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(hash, 39) + (NAME_CHARACTERS[text.charCodeAt(index)] as number)) | 0
  }
  let place = hash & (TABLE_SIZE - 1)
  while (TEXTS[place] !== undefined && TEXTS[place] !== text) {
    place = (place + 1) & (TABLE_SIZE - 1)
  }
  TEXTS[place] = text
  HASHES[place] = hash
}

/**
 * Adds a character, as `nameCharacter` gives it, to the hash of a word that starts from 0. Hashing while lexing finds a word without
 * cutting it out of the text first. A keyword's characters are digits to the base of 39: six of them fit into the 32 bits.
 */
export function foldIntoHash(hash: number, character: number): number {
  return (Math.imul(hash, 39) + character) | 0
}

/** The word that stands in `text` from `start` up to `end` and has this hash, if it is known. None of its characters is beyond 63. */
export function findWord(
  text: string,
  start: number,
  end: number,
  hash: number,
): SqlWord | undefined {
  let place = hash & (TABLE_SIZE - 1)
  for (let known = TEXTS[place]; known !== undefined; known = TEXTS[place]) {
    if (HASHES[place] === hash && isSpelled(known, text, start, end)) {
      WORDS[place] ??= describeWord(known)
      return WORDS[place]
    }
    place = (place + 1) & (TABLE_SIZE - 1)
  }
  return undefined
}

function describeWord(text: string): SqlWord {
  return Object.freeze({
    text,
    isEffectFree: EFFECT_FREE_FUNCTIONS.has(text),
    mayPrecedeParenthesis: PRECEDING.has(text),
    isSystemSchema: SCHEMAS.has(text),
    findings: FINDINGS[text] ?? 0,
    isFollower: text === 'FOR' || text === 'SHARE',
    isStatementOrFunction: text === 'INSERT' || text === 'REPLACE',
  })
}

/** Whether this is the known word that has its hash: its last six characters are, if it is as long and those before them are. */
function isSpelled(known: string, text: string, start: number, end: number): boolean {
  if (known.length !== end - start) {
    return false
  }
  for (let index = known.length - 7; index >= 0; index--) {
    if (nameCharacter(known.charCodeAt(index)) !== nameCharacter(text.charCodeAt(start + index))) {
      return false
    }
  }
  return true
}
