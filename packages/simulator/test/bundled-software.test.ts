import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { inlineText } from '../inline-text.js'
import { packageFolder } from './build-package.js'

it('the licence of everything that is bundled into the package comes with it', async () => {
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  const external = Object.keys(manifest.dependencies).flatMap((name) => [name, `${name}/*`])
  const { metafile } = await build({
    absWorkingDir: packageFolder,
    entryPoints: ['src/index.ts', 'src/rehearsal.ts', 'src/cli/main.ts'],
    outdir: 'unused',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external,
    plugins: [inlineText()],
  })
  const bundled = Object.keys(metafile.inputs).flatMap((path) =>
    [...path.matchAll(/node_modules\/((?:@[^/]+\/)?[^./][^/]*)\//g)]
      .slice(-1)
      .map(([, name]) => name),
  )
  const licences = await readFile(join(packageFolder, 'docs/bundled-software.md'), 'utf8')
  const headings = licences.split('\n').filter((line) => line.startsWith('## '))
  const named = headings.flatMap((line) => line.slice(3).split(', '))
  expect(named.sort()).toEqual([...new Set(bundled)].sort())
})
