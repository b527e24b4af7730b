import type { Options } from 'tsup'

/**
 * How every package of this workspace is built: ESM and CommonJS with types for both, in one build graph whose
 * chunks are shared, so that two entry points loaded together are one library. Dependencies are never bundled.
 *
 * @param entry name of the output file → path of its source
 */
export function libraryBuild(entry: Record<string, string>): Options {
  return {
    entry,
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    dts: true,
    // tsup splits CommonJS output only when told to.
    splitting: true,
    // Besides dropping dead code, this makes Rollup write the CommonJS chunks; without it tsup sends split CommonJS
    // through Sucrase, which rewrites `?.`, `??` and class fields into slow code for engines long gone.
    treeshake: true,
    sourcemap: false,
    clean: true,
    outDir: 'dist',
  }
}
