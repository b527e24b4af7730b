import type { AuroraAnswers } from './aurora-answers.js'
import type { Token } from './tokens.js'

/**
 * The query that answers `SHOW [GLOBAL|SESSION] VARIABLES LIKE '…'` when the pattern is one of Aurora's
 * variables (or `aurora%` and the like). Undefined: it is another statement, or asks for other variables.
 */
export function showVariablesSql(
  tokens: readonly Token[],
  answers: AuroraAnswers,
): string | undefined {
  const words = tokens.filter((token) => token.text !== ';')
  if (words[0]?.text !== 'show') return undefined
  const hasScope = ['global', 'session', 'local'].includes(words[1]?.text ?? '')
  const [variables, operator, ...rest] = words.slice(hasScope ? 2 : 1)
  if (variables?.text !== 'variables') return undefined
  const pattern =
    operator?.text === 'like'
      ? rest[0]
      : operator?.text === 'where' && rest[0]?.text === 'variable_name'
        ? rest[2]
        : undefined
  if (pattern?.kind !== 'string') return undefined
  const values = [
    ['aurora_server_id', answers.serverId],
    ['aurora_version', answers.version],
    ['innodb_read_only', answers.isReadOnly ? 'ON' : 'OFF'],
  ] as const
  const matches = likePattern(pattern.text)
  const rows = values.filter(([name]) => matches.test(name))
  // A wide pattern (`%`, `innodb%`) is the storage's to answer.
  const isOurs = pattern.text.startsWith('aurora') || !pattern.text.includes('%')
  if (!isOurs || rows.length === 0) return undefined
  return rows
    .map(([name, value]) => `SELECT '${name}' AS Variable_name, '${value}' AS Value`)
    .join(' UNION ALL ')
}

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(
    /\\(.)|([%_])|([.*+?^${}()|[\]\\])/g,
    (_, escaped, wild, special) => {
      if (wild === '%') return '.*'
      if (wild === '_') return '.'
      return `\\${escaped ?? special}`.replace(/^\\(\w)$/, '$1')
    },
  )
  return new RegExp(`^${source}$`, 'i')
}
