import { bulk } from './parts/bulk.mjs'
import { consistency } from './parts/consistency.mjs'
import { counts } from './parts/counts.mjs'
import { heap } from './parts/heap.mjs'
import { peers } from './parts/peers.mjs'
import { readers } from './parts/readers.mjs'
import { recovery } from './parts/recovery.mjs'
import { start } from './parts/start.mjs'
import { statementsPart } from './parts/statements.mjs'

/**
 * What a run was asked for.
 *
 * @typedef {object} Wish
 * @property {number} rounds
 * @property {string | undefined} node the binary that clients run on; default: this one
 * @property {number | undefined} [queries] of the heap's part
 * @property {{ name: string, folder: string } | undefined} [versus] another build of ours to compare with
 * @property {boolean} [isShort] one case only, for the check of every change
 */

/** By name, in the order of the table. @type {Record<string, { title: string, measure(wish: Wish): Promise<import('./results.mjs').Row[]> }>} */
export const PARTS = {
  query: statementsPart({
    title: 'query, promise API',
    way: 'query',
    goals: { 1: 1, 16: 0.95, 64: 0.95, 256: 0.95 },
  }),
  execute: statementsPart({
    title: 'execute, promise API',
    way: 'execute',
    goals: { 1: 1, 16: 1, 64: 1, 256: 1 },
  }),
  callback: statementsPart({
    title: 'query, callback API',
    way: 'callback',
    goals: { 1: 1.05, 16: 1.05, 64: 1.05 },
  }),
  connection: statementsPart({
    title: 'getConnection + query + release, promise API',
    way: 'connection',
    goals: { 1: 1.1, 16: 1.1, 64: 1.1 },
  }),
  consistency,
  bulk,
  readers,
  start,
  counts,
  recovery,
  peers,
  heap,
}
