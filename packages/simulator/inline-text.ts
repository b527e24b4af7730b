import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** What an import of this form asks for: the bundle of a file, as text. */
const suffix = '?text'

/** Bundles a script or a style sheet of the page, with all that it imports, into one minified text. */
async function bundle(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'inline',
    logLevel: 'silent',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  })
  return outputFiles[0]?.text ?? ''
}

/** Lets a build by esbuild or tsup import the page's client as text: `import script from './client/main.tsx?text'`. */
export function inlineText(): Plugin {
  return {
    name: 'inline-text',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\?text$/ }, ({ path, resolveDir }) => ({
        path: fileURLToPath(new URL(path.slice(0, -suffix.length), `file://${resolveDir}/`)),
        namespace: 'inline-text',
      }))
      onLoad({ filter: /.*/, namespace: 'inline-text' }, async ({ path }) => ({
        contents: await bundle(path),
        loader: 'text',
        watchFiles: [path],
      }))
    },
  }
}

/** The same for Vite, and so for Vitest. */
export function inlineTextForVite() {
  return {
    name: 'inline-text',
    enforce: 'pre' as const,
    async load(id: string) {
      if (!id.endsWith(suffix)) return undefined
      const text = await bundle(id.slice(0, -suffix.length))
      return { code: `export default ${JSON.stringify(text)}`, map: null, moduleType: 'js' }
    },
  }
}
