/** C1 controls and the no-break space: white space in some character sets, letters in others. */
const LAST_DOUBTFUL = 0xa0

const NAME_START = 1
const NAME_PART = 2
const DIGIT = 4
const HEX_DIGIT = 8
const WHITE_SPACE = 16
/** Cannot stand outside quotes and comments, or means different things to different servers. */
const UNREADABLE = 32

const CLASS_OF = Uint8Array.from({ length: LAST_DOUBTFUL + 1 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (/[A-Za-z_]/.test(character)) {
    return NAME_START | NAME_PART | (/[A-Fa-f]/.test(character) ? HEX_DIGIT : 0)
  }
  if (/[0-9]/.test(character)) {
    return NAME_PART | DIGIT | HEX_DIGIT
  }
  if (/[\t-\r ]/.test(character)) {
    return WHITE_SPACE
  }
  // Inside a name a dollar is part of it; at the start it may open a string since MySQL 9.
  if (character === '$') {
    return NAME_PART | UNREADABLE
  }
  return code < 32 || code >= 127 || character === '\\' ? UNREADABLE : 0
})

const NAME_CHARACTERS = CLASS_OF.map((classes, code) =>
  (classes & NAME_PART) === 0 ? 0 : String.fromCharCode(code).toUpperCase().charCodeAt(0),
)

function isOfClass(character: number, wanted: number): boolean {
  // The comparison keeps what is not a number, the end of a text, away from the array.
  return character <= LAST_DOUBTFUL && ((CLASS_OF[character] as number) & wanted) !== 0
}

/** Begins an identifier or a keyword. Not a number (the end of the text): false, here and below. */
export function isNameStart(character: number): boolean {
  return character > LAST_DOUBTFUL || isOfClass(character, NAME_START)
}

/**
 * The character, ASCII letters in upper case, when it goes on an identifier or a keyword; else 0.
 * The server takes no letter but ASCII's for a part of a keyword, whatever its case.
 */
export function nameCharacter(character: number): number {
  return character <= LAST_DOUBTFUL
    ? (NAME_CHARACTERS[character] as number)
    : character > LAST_DOUBTFUL
      ? character
      : 0
}

export function isDigit(character: number): boolean {
  return isOfClass(character, DIGIT)
}

export function isHexDigit(character: number): boolean {
  return isOfClass(character, HEX_DIGIT)
}

export function isWhiteSpace(character: number): boolean {
  return isOfClass(character, WHITE_SPACE)
}

/** Outside quotes and comments, what follows such a character cannot be told. */
export function isUnreadable(character: number): boolean {
  return isOfClass(character, UNREADABLE)
}
