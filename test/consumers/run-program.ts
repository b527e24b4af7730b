import { execFile } from 'node:child_process'

/** What a program that ran to its end left behind. */
export interface ProgramResult {
  /** Null when it was killed at the limit. */
  readonly exitCode: number | null
  /** Standard output, then standard error. */
  readonly output: string
}

/** A program that is not over after this long does not end by itself. */
const LIMIT_MS = 30_000

/** Runs one program in `cwd`, to its end; one that measures may be given longer than others. */
export function runProgram(
  command: string,
  args: readonly string[],
  cwd: string,
  limitMs = LIMIT_MS,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { cwd, timeout: limitMs, killSignal: 'SIGKILL' },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, output: stdout + stderr }),
    )
  })
}
