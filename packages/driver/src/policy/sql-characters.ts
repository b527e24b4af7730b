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

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const DIGITS = '0123456789'
const FIRST_PRINTABLE = 32
const LAST_PRINTABLE = 126

/** Made without regular expressions: a process waits for this as it starts. */
const BEGINS = new Uint8Array(LAST_DOUBTFUL + 1).fill(Begins.NOTHING)
BEGINS.fill(Begins.PUNCTUATION, FIRST_PRINTABLE, LAST_PRINTABLE + 1)
for (const [what, characters] of [
  [Begins.WHITE_SPACE, ' \t\n\v\f\r'],
  [Begins.NAME, `${LETTERS}${LETTERS.toLowerCase()}_`],
  [Begins.NUMBER, DIGITS],
  [Begins.QUOTED, '\'"`'],
  [Begins.VARIABLE, '@'],
  [Begins.COMMENT, '/-#*'],
  [Begins.ASSIGNMENT, ':'],
  // A dollar may begin a name, or a string since MySQL 9.
  [Begins.NOTHING, '\\$'],
] as const) {
  for (let index = 0; index < characters.length; index++) {
    BEGINS[characters.charCodeAt(index)] = what
  }
}

/** The character at this place, or -1 behind the end, where `charCodeAt` has no number and is slow. */
export function characterAt(text: string, index: number): number {
  return index < text.length ? text.charCodeAt(index) : -1
}

/** What a character, as `characterAt` gives it, may begin. */
export function begins(character: number): Begins {
  if (character > LAST_DOUBTFUL) {
    return Begins.NAME
  }
  return character < 0 ? Begins.END : (BEGINS[character] as Begins)
}

/** What `nameCharacter` says of ASCII. */
export const NAME_CHARACTERS = new Uint8Array(LAST_DOUBTFUL + 1)
let count = 0
for (const character of `${LETTERS}${DIGITS}_$`) {
  count += 1
  NAME_CHARACTERS[character.charCodeAt(0)] = count
  NAME_CHARACTERS[character.toLowerCase().charCodeAt(0)] = count
}

/**
 * A number from 1 to 38 for a character that keywords are made of, ASCII letters of both cases taken for one; one beyond 63 for
 * another that goes on an identifier; else 0. The server takes no letter but ASCII's for a part of a keyword, whatever its case.
 */
export function nameCharacter(character: number): number {
  if (character <= LAST_DOUBTFUL) {
    return NAME_CHARACTERS[character] as number
  }
  // Behind the end of the text there is no number.
  return character > LAST_DOUBTFUL ? character : 0
}

export function isDigit(character: number): boolean {
  return character >= 48 && character <= 57
}

export function isHexDigit(character: number): boolean {
  const lower = character | 32
  return isDigit(character) || (lower >= 97 && lower <= 102)
}
