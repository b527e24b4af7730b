import type { ErrorDetail } from 'aurora-mysql2'

interface MayTell {
  readonly aurora?: ErrorDetail
  readonly meta?: { readonly driverAdapterError?: MayTell } | undefined
}

/**
 * What aurora-mysql2 knows of the statement behind an error of Prisma: whether it took effect (`outcome`), on which instance it ran,
 * how long it waited. Looks where Prisma has put it.
 *
 * @param error whatever a call of Prisma rejected with
 * @returns undefined where nothing is known, as of errors that have nothing to do with the database
 */
export function auroraDetailOf(error: unknown): ErrorDetail | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { aurora, meta } = error as MayTell
  return aurora ?? meta?.driverAdapterError?.aurora
}
