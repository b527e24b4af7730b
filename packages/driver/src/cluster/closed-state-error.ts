/** As mysql2 makes it for a statement on a connection that has been closed: fatal, without a code. */
export function closedStateError(): Error {
  return Object.assign(new Error("Can't add new command when connection is in closed state"), {
    fatal: true,
  })
}
