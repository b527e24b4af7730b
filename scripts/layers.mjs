import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'

/** From the bottom up. Files directly in `src` are the entry points, above them all. */
const LAYERS = ['model', 'contract', 'policy', 'io', 'cluster', 'pool', 'adapters']

/** These decide and describe; they touch neither the network nor the clock. Types of anything are fine. */
const PURE_LAYERS = ['model', 'contract', 'policy']
const IO_MODULES =
  /^(mysql2|generic-pool)(\/|$)|^(node:)?(net|tls|dns|http|https|http2|fs|child_process|timers|worker_threads|cluster)(\/|$)/

const PACKAGES = [
  { source: 'packages/driver/src', forbidden: 'aurora-mysql2-simulator', layers: LAYERS },
  { source: 'packages/simulator/src', forbidden: 'aurora-mysql2', layers: [] },
]

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {boolean} isType erased when compiled
 */

/**
 * @param {string} path
 * @returns {Import[]}
 */
function importsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  /** @type {Import[]} */
  const found = []
  /** @param {ts.Node} node */
  const visit = (node) => {
    const isType =
      (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly === true) ||
      (ts.isExportDeclaration(node) && node.isTypeOnly) ||
      ts.isImportTypeNode(node)
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) && isImportCall(node)
            ? node.arguments[0]
            : undefined
    if (specifier && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, isType })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** @param {ts.CallExpression} call */
function isImportCall({ expression }) {
  const isRequire = ts.isIdentifier(expression) && expression.text === 'require'
  return expression.kind === ts.SyntaxKind.ImportKeyword || isRequire
}

/**
 * @param {string} folder
 * @returns {string[]} absolute paths
 */
function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?ts$/.test(name))
    .map((name) => join(folder, name))
    .sort()
}

/**
 * @param {Map<string, string[]>} graph file → files that it imports
 * @returns {string[][]} one cycle per file that closes one
 */
function cyclesIn(graph) {
  /** @type {string[][]} */
  const cycles = []
  const done = new Set()
  /** @param {string} file @param {string[]} trail */
  const walk = (file, trail) => {
    const start = trail.indexOf(file)
    if (start >= 0) cycles.push([...trail.slice(start), file])
    if (start >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) walk(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) walk(file, [])
  return cycles
}

/**
 * @param {string} root
 * @param {typeof PACKAGES[number]} rules
 * @returns {string[]} one sentence per violation
 */
function violationsOf(root, { source, forbidden, layers }) {
  const folder = resolve(root, source)
  /** @type {string[]} */
  const violations = []
  /** @type {Map<string, string[]>} */
  const graph = new Map()
  /** @param {string} path */
  const name = (path) => relative(root, path).split(sep).join('/')
  /** @param {string} path */
  const layerOf = (path) => relative(folder, path).split(sep).slice(0, -1)[0]

  for (const file of sourceFiles(folder)) {
    const layer = layerOf(file)
    const rank = layer === undefined ? layers.length : layers.indexOf(layer)
    if (layers.length > 0 && rank < 0) violations.push(`${name(file)}: "${layer}" is not a layer`)
    /** @type {string[]} */
    const targets = []
    graph.set(file, targets)
    for (const { specifier, isType } of importsOf(file)) {
      if (specifier.startsWith('.')) {
        const target = resolve(dirname(file), specifier.replace(/\.([cm]?)js$/, '.$1ts'))
        const targetLayer = layerOf(target)
        if (relative(folder, target).startsWith('..')) {
          violations.push(`${name(file)}: "${specifier}" is outside of ${source}`)
          continue
        }
        targets.push(target)
        const targetRank = targetLayer === undefined ? layers.length : layers.indexOf(targetLayer)
        if (layers.length > 0 && targetRank > rank) {
          violations.push(
            `${name(file)}: "${specifier}" points up, from ${layer} to ${targetLayer ?? 'an entry point'}`,
          )
        }
      } else if (specifier === forbidden || specifier.startsWith(`${forbidden}/`)) {
        violations.push(`${name(file)}: the packages must not import each other ("${specifier}")`)
      } else if (
        layer &&
        PURE_LAYERS.includes(layer) &&
        layers.length > 0 &&
        !isType &&
        IO_MODULES.test(specifier)
      ) {
        violations.push(`${name(file)}: "${specifier}" does I/O, and ${layer} is pure`)
      }
    }
  }
  for (const cycle of cyclesIn(graph)) violations.push(`cycle: ${cycle.map(name).join(' → ')}`)
  return violations
}

/**
 * Reads the imports of both packages' sources. The rules: in the driver an import points to the same layer or down, and
 * the pure layers reach nothing that does I/O; no file imports itself by way of others; neither package imports the other.
 *
 * @param {string} root folder of the workspace
 * @returns {string[]} one sentence per import that breaks a rule
 */
export function layerViolations(root) {
  return PACKAGES.flatMap((rules) => violationsOf(resolve(root), rules))
}
