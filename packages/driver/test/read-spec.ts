import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SPEC = new URL('../../../test/spec/', import.meta.url)

/** Reads one data file below `test/spec`. */
export function readSpec<T>(path: string): T {
  return JSON.parse(readFileSync(fileURLToPath(new URL(path, SPEC)), 'utf8')) as T
}

/** Reads every data file of a folder below `test/spec`, with the file's name. */
export function readSpecs<T>(folder: string): { name: string; spec: T }[] {
  return readdirSync(new URL(`${folder}/`, SPEC))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.json'.length),
      spec: readSpec<T>(`${folder}/${file}`),
    }))
}
