/** What was found in a text so far; each is a bit of `SqlScanner.findings`. */
export const Found = {
  /** Belongs on the writer. */
  WRITE: 1,
  /** Belongs where the session is. */
  SESSION: 2,
  /** Not certainly free of effects, or not the same when run elsewhere. */
  EFFECTS: 4,
  /** Leaves something on the connection that cannot be carried elsewhere. */
  PINS: 8,
  /** Sets something on the connection that can. */
  STATE: 16,
  SEVERAL: 32,
  CALL: 64,
  MAY_COMMIT: 128,
  /** A user variable was named. */
  VARIABLE: 256,
  /** A system variable was named. */
  SYSTEM_VARIABLE: 512,
  INTO: 1024,
  /** The text does not lex. */
  BAD: 2048,
} as const
