import { dirname, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'

/** What an import of each form gets: the file and all that it imports, as one text. */
const forms: Readonly<Record<string, BuildOptions>> = {
  /** A script or a style sheet of a page. */
  '?text': {
    format: 'iife',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
  },
  /** A program for Node, as a module. */
  '?program': { format: 'esm', platform: 'node', target: 'node20' },
}

function formOf(specifier: string): string | undefined {
  return Object.keys(forms).find((form) => specifier.endsWith(form))
}

async function bundle(path: string, form: string): Promise<string> {
  const { outputFiles } = await build({
    ...forms[form],
    entryPoints: [path],
    bundle: true,
    write: false,
    minify: true,
    charset: 'utf8',
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** Lets a build by esbuild or tsup import a file as text: `import script from './client/main.tsx?text'`. */
export function inlineText(): Plugin {
  return {
    name: 'inline-text',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\?(text|program)$/ }, ({ path, resolveDir }) => {
        const form = formOf(path) ?? ''
        // With the form at its end a style sheet does not look like one to tsup's own plugins.
        return { path: resolve(resolveDir, path), namespace: 'inline-text', pluginData: form }
      })
      onLoad({ filter: /.*/, namespace: 'inline-text' }, async ({ path, pluginData: form }) => ({
        contents: await bundle(path.slice(0, -form.length), form),
        loader: 'text',
      }))
    },
  }
}

/** Marks what Vite shall leave to us; with the form at its end a style sheet does not look like one to Vite. */
const virtualPrefix = '\0inline-text:'

/** The same for Vite, and so for Vitest. */
export function inlineTextForVite() {
  return {
    name: 'inline-text',
    enforce: 'pre' as const,
    resolveId(specifier: string, importer: string | undefined) {
      const form = formOf(specifier)
      if (!form || importer === undefined) return undefined
      const path = resolve(dirname(importer), specifier.slice(0, -form.length))
      return `${virtualPrefix}${path}${form.replace('?', ':')}`
    },
    async load(id: string) {
      if (!id.startsWith(virtualPrefix)) return undefined
      const [path = '', form] = id.slice(virtualPrefix.length).split(/:(?=[a-z]+$)/)
      const text = await bundle(path, `?${form}`)
      return { code: `export default ${JSON.stringify(text)}`, map: null, moduleType: 'js' }
    },
  }
}
