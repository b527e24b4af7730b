import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..')
const FOLDER = join(ROOT, 'packages', 'driver', 'test', 'type')

/** What the compiler says of the type tests alone: our own sources are compiled with one version of mysql2's typings only. */
function complaints(): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const files = readdirSync(FOLDER).map((name) => join(FOLDER, name))
  const program = ts.createProgram(files, options)
  return files.flatMap((name) => {
    const file = program.getSourceFile(name)
    return ts.getPreEmitDiagnostics(program, file).map(({ messageText, start }) => {
      const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0
      return `${name}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
  })
}

it('code written for mysql2 compiles against ours, with the typings of the mysql2 that is installed', () => {
  expect(complaints()).toEqual([])
})
