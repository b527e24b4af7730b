/**
 * Throws what the application has thrown where nobody else is: an uncaught exception, as it would be anyway. Thrown on, it would stop
 * half-way what concerns others; and mysql2 takes whatever is thrown into it for a fault of the connection, which may be lent to
 * somebody else by then.
 */
export function throwAlone(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
