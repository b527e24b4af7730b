import type { ColumnNames } from '../protocol/column-definition.js'
import type { AuroraAnswers } from './aurora-answers.js'
import { showVariablesSql } from './show-variables.js'
import { type Token, tokenize } from './tokens.js'

/** A statement as the storage gets it, and the names of the columns as the client expects them. */
export interface RewrittenSql {
  readonly sql: string
  readonly columnNames: ColumnNames
  /** The statement reads `replica_host_status`. */
  readonly asksTopology: boolean
}

const auroraNames =
  /replica_host_status|aurora_server_id|aurora_version|innodb_read_only|'\s*aurora/i

/** Words that may follow a table's name and are not its alias. */
const notAnAlias = new Set(
  'where,order,group,having,limit,union,except,intersect,for,lock,into,procedure,window,join,inner,left,right,cross,natural,straight_join,on,using,set,partition,use,force,ignore,offset,fetch'.split(
    ',',
  ),
)

/**
 * Puts an instance's own answers in place of what only Aurora knows: the table `replica_host_status`, the
 * variables `@@aurora_server_id`, `@@innodb_read_only` and `@@aurora_version`, the function
 * `aurora_version()`, and `SHOW VARIABLES LIKE` one of these. Undefined: the text names none of them.
 */
export function rewriteAuroraSql(sql: string, answers: AuroraAnswers): RewrittenSql | undefined {
  if (!auroraNames.test(sql)) return undefined
  const tokens = tokenize(sql)
  const shown = showVariablesSql(tokens, answers)
  if (shown) return { sql: shown, columnNames: new Map(), asksTopology: false }

  const columnNames = new Map<string, string>()
  let asksTopology = false
  let rewritten = ''
  let copiedTo = 0
  const replace = (start: number, end: number, text: string) => {
    rewritten += sql.slice(copiedTo, start) + text
    copiedTo = end
  }
  const replaceValue = (start: number, end: number, text: string) => {
    columnNames.set(text, sql.slice(start, end))
    replace(start, end, text)
  }
  tokens.forEach((token, index) => {
    if (token.kind === 'variable') {
      const value = variableValue(token.text.replace(/^(global|session|local)\./, ''), answers)
      if (value !== undefined) replaceValue(token.start, token.end, value)
    } else if (token.kind === 'word' && token.text === 'aurora_version') {
      const closing = tokens[index + 2]
      if (tokens[index + 1]?.text === '(' && closing?.text === ')') {
        replaceValue(token.start, closing.end, `'${answers.version}'`)
      }
    } else if (token.kind === 'word' && token.text === 'replica_host_status') {
      const table = tableReference(tokens, index)
      if (table.isQualifier) replace(table.start, token.end, 'replica_host_status')
      if (!table.isTable) return
      asksTopology = true
      const alias = table.hasAlias ? '' : ' AS replica_host_status'
      replace(table.start, token.end, `(${answers.hostStatusSql()})${alias}`)
    }
  })
  if (copiedTo === 0) return undefined
  return { sql: rewritten + sql.slice(copiedTo), columnNames, asksTopology }
}

function variableValue(name: string, answers: AuroraAnswers): string | undefined {
  switch (name) {
    case 'aurora_server_id':
      return `'${answers.serverId}'`
    case 'aurora_version':
      return `'${answers.version}'`
    case 'innodb_read_only':
      // Leading zeros make the text one that no other column will show.
      return answers.isReadOnly ? '00001' : '00000'
    default:
      return undefined
  }
}

function tableReference(tokens: readonly Token[], index: number) {
  const token = tokens[index] as Token
  const isInSchema =
    tokens[index - 1]?.text === '.' && tokens[index - 2]?.text === 'information_schema'
  const first = isInSchema ? index - 2 : index
  const before = tokens[first - 1]
  const after = tokens[index + 1]
  const isQualifier = after?.text === '.'
  const opensTable = before?.kind === 'word' ? ['from', 'join'] : [',', '(']
  return {
    start: (isInSchema ? tokens[first] : token)?.start ?? token.start,
    isQualifier: isQualifier && isInSchema,
    isTable: !isQualifier && before !== undefined && opensTable.includes(before.text),
    hasAlias: after?.kind === 'word' && !notAnAlias.has(after.text),
  }
}
