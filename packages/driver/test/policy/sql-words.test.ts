import { expect, it } from 'vitest'
import { EFFECT_FREE_FUNCTIONS } from '../../src/policy/effect-free-functions.js'
import { SqlLexer, USUAL_READING } from '../../src/policy/sql-lexer.js'

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$'
/** Letters that are taken for K, S and I where case is folded without care, and one that is nothing like any. */
const FOREIGN = '\u212a\u017f\u0130\u00e9'

/** What the lexer takes a text for that is one word. */
function wordOf(text: string): string | undefined {
  const lexer = new SqlLexer(text, USUAL_READING)
  const isWord = lexer.next() === 'word' && lexer.end === text.length
  return isWord ? lexer.word?.text : `${text} is read as ${lexer.kind}`
}

const words = [...EFFECT_FREE_FUNCTIONS]

it('knows a word in whatever case', () => {
  for (const word of words) {
    expect(wordOf(word)).toBe(word)
    expect(wordOf(word.toLowerCase())).toBe(word)
  }
})

it('takes no word for another that differs in one character', () => {
  const mistaken: string[] = []
  for (const word of words) {
    for (let place = 0; place < word.length; place++) {
      for (const character of place === 0 ? FOREIGN : CHARACTERS + FOREIGN) {
        const text = word.slice(0, place) + character + word.slice(place + 1)
        const found = wordOf(text)
        if (found !== undefined && found !== text) mistaken.push(`${text}: ${found}`)
      }
    }
  }
  expect(mistaken).toEqual([])
})

const BASE = 39
const SUFFIX = 6

/** Words that have the hash of a known one: as long, another character before the last six, and what makes up for it in those. */
function* doubles(word: string): Generator<string> {
  const place = word.length - SUFFIX - 1
  if (place < 1) return
  const suffix = [...word.slice(-SUFFIX)].reduce(
    (sum, character) => sum * BASE + CHARACTERS.indexOf(character) + 1,
    0,
  )
  const own = CHARACTERS.indexOf(word.charAt(place))
  for (const [other, character] of [...CHARACTERS].entries()) {
    const shift = (own - other) * BASE ** SUFFIX
    for (let turns = -40; turns <= 40; turns++) {
      const spelled = spell(suffix + shift + turns * 2 ** 32)
      if (other !== own && spelled) yield word.slice(0, place) + character + spelled
    }
  }
}

function spell(sum: number): string | undefined {
  let rest = sum
  let text = ''
  for (let count = 0; count < SUFFIX; count++) {
    const digit = ((rest % BASE) + BASE) % BASE
    if (digit === 0) return undefined
    text = CHARACTERS.charAt(digit - 1) + text
    rest = Math.floor(rest / BASE)
  }
  return rest === 0 ? text : undefined
}

it('takes no word for another that is as long and has its hash', () => {
  const tried = words.flatMap((word) => [...doubles(word)])
  expect(tried.length).toBeGreaterThan(1_000)
  expect(tried.filter((text) => wordOf(text) !== undefined)).toEqual([])
})
