import { isDigit, isHexDigit } from './sql-characters.js'

const PLUS = 43
const MINUS = 45
const DOT = 46
const ZERO = 48
const LETTER_B = 98
const LETTER_E = 101
const LETTER_X = 120

/** Where the digits end that begin at `start`, hexadecimal (`0x1F`) and binary (`0b01`) ones included. */
export function endOfInteger(text: string, start: number): number {
  const second = text.charCodeAt(start + 1) | 32
  const isPrefixed = text.charCodeAt(start) === ZERO && (second === LETTER_X || second === LETTER_B)
  let end = isPrefixed ? start + 2 : start
  while (isPrefixed ? isHexDigit(text.charCodeAt(end)) : isDigit(text.charCodeAt(end))) {
    end += 1
  }
  return end
}

/** Where the fraction and the exponent end that follow an integer; `end` itself when none does. */
export function endOfFraction(text: string, end: number): number {
  const fractionEnd = text.charCodeAt(end) === DOT ? endOfDigits(text, end + 1) : end
  if ((text.charCodeAt(fractionEnd) | 32) !== LETTER_E) {
    return fractionEnd
  }
  const sign = text.charCodeAt(fractionEnd + 1)
  const digits = fractionEnd + (sign === PLUS || sign === MINUS ? 2 : 1)
  return isDigit(text.charCodeAt(digits)) ? endOfDigits(text, digits) : fractionEnd
}

function endOfDigits(text: string, start: number): number {
  let end = start
  while (isDigit(text.charCodeAt(end))) {
    end += 1
  }
  return end
}
