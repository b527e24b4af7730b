import { DriverAdapterError, type MappedError } from '@prisma/driver-adapter-utils'
import type { ErrorDetail } from 'aurora-mysql2'

/** What Prisma is told of an error: a kind that it has a code for, and the words of whoever raised it. */
export type ErrorPayload = DriverAdapterError['cause']

/**
 * What the adapter rejects with. Prisma makes its own error of it and keeps this one in `meta.driverAdapterError`; where it has none of
 * its own (a COMMIT at the end of an interactive transaction, `$connect`) the application gets this one.
 */
export class AuroraAdapterError extends DriverAdapterError {
  /** What is known of the statement that failed, and of its outcome; absent where the driver says nothing. */
  declare readonly aurora?: ErrorDetail
  /** The error of mysql2 or of aurora-mysql2 as it was. Not enumerable: it may hold the statement's text, with values in it. */
  declare readonly original: unknown

  constructor(payload: ErrorPayload | MappedError, original: unknown) {
    super(payload)
    // By itself it would only be the kind's name.
    if ('originalMessage' in payload && payload.originalMessage) {
      this.message = payload.originalMessage
    }
    Object.defineProperty(this, 'original', { value: original })
    const detail = (original as { readonly aurora?: ErrorDetail } | null | undefined)?.aurora
    if (detail !== undefined) {
      Object.defineProperty(this, 'aurora', { value: detail, enumerable: true })
    }
  }
}
