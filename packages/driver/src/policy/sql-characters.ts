/** C1 controls and the no-break space: white space in some character sets, letters in others. */
const LAST_DOUBTFUL = 0xa0

/** What a character may begin, outside quotes and comments. */
export const Begins = {
  PUNCTUATION: 0,
  WHITE_SPACE: 1,
  NAME: 2,
  NUMBER: 3,
  QUOTED: 4,
  VARIABLE: 5,
  /** A slash, a dash, a hash, and the star that may close a comment. */
  COMMENT: 6,
  /** A colon. */
  ASSIGNMENT: 7,
  /** What follows it cannot be told. */
  NOTHING: 8,
  END: 9,
} as const

/** One of the values of `Begins`. */
export type Begins = (typeof Begins)[keyof typeof Begins]

const BEGINS: readonly Begins[] = Array.from({ length: LAST_DOUBTFUL + 1 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[A-Za-z_]/.test(character)) {
    return Begins.NAME
  }
  if (/[0-9]/.test(character)) {
    return Begins.NUMBER
  }
  if (/[\t-\r ]/.test(character)) {
    return Begins.WHITE_SPACE
  }
  // A dollar may begin a name, or a string since MySQL 9.
  if (code < 32 || code >= 127 || character === '\\' || character === '$') {
    return Begins.NOTHING
  }
  switch (character) {
    case "'":
    case '"':
    case '`':
      return Begins.QUOTED
    case '@':
      return Begins.VARIABLE
    case '/':
    case '-':
    case '#':
    case '*':
      return Begins.COMMENT
    case ':':
      return Begins.ASSIGNMENT
    default:
      return Begins.PUNCTUATION
  }
})

/** What a character may begin; `END` for what is no number, as after the end of a text. */
export function begins(character: number): Begins {
  if (character <= LAST_DOUBTFUL) {
    return BEGINS[character] as Begins
  }
  return character > LAST_DOUBTFUL ? Begins.NAME : Begins.END
}

const NAME_CHARACTERS = Uint8Array.from({ length: LAST_DOUBTFUL + 1 }, (_, code) => {
  const character = String.fromCharCode(code)
  return /[A-Za-z0-9_$]/.test(character) ? character.toUpperCase().charCodeAt(0) : 0
})

/**
 * The character, ASCII letters in upper case, when it goes on an identifier or a keyword; else 0.
 * The server takes no letter but ASCII's for a part of a keyword, whatever its case.
 */
export function nameCharacter(character: number): number {
  if (character <= LAST_DOUBTFUL) {
    return NAME_CHARACTERS[character] as number
  }
  return character > LAST_DOUBTFUL ? character : 0
}

export function isDigit(character: number): boolean {
  return character >= 48 && character <= 57
}

export function isHexDigit(character: number): boolean {
  const lower = character | 32
  return isDigit(character) || (lower >= 97 && lower <= 102)
}
