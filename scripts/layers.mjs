import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'

/** From the bottom up. */
const LAYERS = ['model', 'contract', 'policy', 'io', 'cluster', 'pool', 'adapters']

/** The files directly in `src`, above all layers. */
const ENTRY_POINTS = 'the entry points'

/** These decide and describe; they touch neither the network nor the clock. Types of anything are fine. */
const PURE_LAYERS = ['model', 'contract', 'policy']
const IO_MODULES =
  /^(mysql2|generic-pool)(\/|$)|^(node:)?(net|tls|dns|http|https|http2|fs|child_process|timers|worker_threads|cluster)(\/|$)/

/**
 * @typedef {object} Rules
 * @property {string} source folder
 * @property {string} forbidden the package that must not be imported
 * @property {readonly string[]} layers from the bottom up; none: files may import in any direction
 * @property {readonly string[]} recursive folders whose files may import each other in a circle: each counts as one file
 */

/** @type {readonly Rules[]} */
const PACKAGES = [
  {
    source: 'packages/driver/src',
    forbidden: 'aurora-mysql2-simulator',
    layers: LAYERS,
    recursive: [],
  },
  {
    source: 'packages/prisma/src',
    forbidden: 'aurora-mysql2-simulator',
    layers: [],
    recursive: [],
  },
  {
    source: 'packages/simulator/src',
    forbidden: 'aurora-mysql2',
    layers: [],
    // SQL is recursive: an expression may hold a query and a query holds expressions, so the files that parse them, and
    // those that compile them, call each other.
    recursive: ['storage/embedded/sql', 'storage/embedded/compile'],
  },
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
 * @param {Rules} rules
 * @returns {string[]} one sentence per violation
 */
function violationsOf(root, rules) {
  const folder = resolve(root, rules.source)
  const recursive = rules.recursive.map((name) => join(folder, name))
  /** @param {string} path */
  const unitOf = (path) => recursive.find((one) => path.startsWith(one + sep)) ?? path
  /** @param {string} path */
  const name = (path) => relative(root, path).split(sep).join('/')

  /** @type {string[]} */
  const violations = []
  /** @type {Map<string, string[]>} */
  const graph = new Map()
  for (const file of sourceFiles(folder)) {
    const targets = graph.get(unitOf(file)) ?? []
    graph.set(unitOf(file), targets)
    for (const one of importsOf(file)) {
      const offence = offenceOf(folder, rules, file, one)
      if (offence) violations.push(`${name(file)}: "${one.specifier}" ${offence}`)
      const target = unitOf(targetOf(file, one.specifier) ?? file)
      if (target !== unitOf(file)) targets.push(target)
    }
  }
  for (const cycle of cyclesIn(graph)) violations.push(`cycle: ${cycle.map(name).join(' → ')}`)
  return violations
}

/**
 * What is wrong with one import by itself.
 *
 * @param {string} folder
 * @param {Rules} rules
 * @param {string} file
 * @param {Import} one
 * @returns {string | undefined} the end of a sentence
 */
function offenceOf(folder, { layers, forbidden, source }, file, { specifier, isType }) {
  const from = layerOf(folder, file)
  const target = targetOf(file, specifier)
  if (target === undefined) {
    if (`${specifier}/`.startsWith(`${forbidden}/`)) return 'is the other package'
    const isPure = layers.length > 0 && PURE_LAYERS.includes(from)
    return isPure && !isType && IO_MODULES.test(specifier)
      ? `does I/O, and ${from} is pure`
      : undefined
  }
  if (relative(folder, target).startsWith('..')) return `is outside of ${source}`
  if (layers.length === 0) return undefined
  const to = layerOf(folder, target)
  const ranks = [...layers, ENTRY_POINTS]
  if (!ranks.includes(from)) return `is imported by "${from}", which is no layer`
  if (!ranks.includes(to)) return `is in "${to}", which is no layer`
  return ranks.indexOf(to) > ranks.indexOf(from) ? `points up, from ${from} to ${to}` : undefined
}

/**
 * @param {string} folder
 * @param {string} path
 */
function layerOf(folder, path) {
  const [first = '', ...rest] = relative(folder, path).split(sep)
  return rest.length === 0 ? ENTRY_POINTS : first
}

/**
 * @param {string} file
 * @param {string} specifier
 * @returns {string | undefined} the path of the source meant; undefined for a package
 */
function targetOf(file, specifier) {
  if (!specifier.startsWith('.')) return undefined
  return resolve(dirname(file), specifier.replace(/\.([cm]?)js$/, '.$1ts'))
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
