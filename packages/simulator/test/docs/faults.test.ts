import { expect, it } from 'vitest'
import { expectation } from '../../src/faults/check-fault.js'
import { type FaultField, faultTable, faultTypes } from '../../src/index.js'

/** The page of the manual on faults; `npx vitest run -u` writes it anew when the table has changed. */
function faultManual(): string {
  const sections = faultTypes.map((type) => {
    const { summary, fields } = faultTable[type]
    const rows = Object.entries(fields).map(([name, field]) => row(name, field))
    const table = ['| Field | Takes | Default | |', '|---|---|---|---|', ...rows].join('\n')
    return `## ${type}\n\n${sentence(summary)}${rows.length > 0 ? `\n\n${table}` : ''}`
  })
  return `# Faults

Each can be injected in a test (\`cluster.inject({ type: 'lag', lagMs: 500 })\`), from the command line
(\`aurora-simulator lag --lag-ms 500\`), over HTTP (\`POST /faults\`), from the page and in a scenario; the fields are the same
everywhere. On the command line \`instance\` needs no flag: \`aurora-simulator lag instance-3 --lag-ms 500\`. Where data are
JSON or YAML, a time without end is the word \`never\`; in code it is \`Infinity\`. What is in force can be undone, except faults of
a moment: \`reset\`, \`zero-downtime-restart\`.

${sections.join('\n\n')}
`
}

function row(name: string, field: FaultField): string {
  const { summary, default: otherwise } = field
  const wanted = otherwise ?? 'must be given'
  return `| \`${name}\` | ${expectation(field)} | ${wanted} | ${summary} |`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

it('the manual’s page of faults is what the table of faults says', async () => {
  await expect(faultManual()).toMatchFileSnapshot('../../docs/faults.md')
})
