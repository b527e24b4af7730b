/** Command bytes (first byte of a client's packet) that the front-end treats in their own way. */
export const command = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processInfo: 0x0a,
  ping: 0x0e,
  changeUser: 0x11,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  fetch: 0x1c,
  resetConnection: 0x1f,
} as const

/** What the server's reply to a command looks like, which decides when it is complete. */
export type ReplyShape =
  | 'none'
  | 'single'
  | 'authentication'
  | 'results'
  | 'prepared'
  | 'rows'
  | 'columns'
  | 'text'

/** The shape of the reply to a command byte. Commands not named here are answered by one packet. */
export function replyShape(code: number): ReplyShape {
  switch (code) {
    case command.quit:
    case command.sendLongData:
    case command.closeStatement:
      return 'none'
    case command.changeUser:
      return 'authentication'
    case command.query:
    case command.execute:
    case command.processInfo:
      return 'results'
    case command.prepare:
      return 'prepared'
    case command.fetch:
      return 'rows'
    case command.fieldList:
      return 'columns'
    case command.statistics:
      return 'text'
    default:
      return 'single'
  }
}

/** Whether the command runs SQL (and so counts as a statement). */
export function runsStatement(code: number): boolean {
  return code === command.query || code === command.execute
}
