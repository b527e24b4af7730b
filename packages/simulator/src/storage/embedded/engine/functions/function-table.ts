import type { EngineValue } from '../../values/sql-type.js'

/** What a function gives back: a bigint becomes an INTEGER, a number a REAL. */
export type FunctionResult = EngineValue

/** A function that the emitted SQL calls; it gets no NULL: those give NULL before it is called. */
export type EngineFunction = (...list: never[]) => FunctionResult

export type FunctionTable = Readonly<Record<string, EngineFunction>>
