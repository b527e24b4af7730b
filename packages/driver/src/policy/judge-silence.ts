/** What has been noticed of one instance that owes answers, in ticks that ran on time. */
export interface Silence {
  /** How long not a byte has come from it, on any socket, while it owed an answer. */
  readonly silentMs: number
  /** For how long the question that was put to it has been unanswered; undefined: none is under way. */
  readonly unansweredMs: number | undefined
  /** Questions in a row that were not answered in time. */
  readonly unanswered: number
  /** Since it was last asked because of its silence. */
  readonly sinceAskedMs: number
  /** How far apart those questions are now; grows while it keeps answering. */
  readonly askApartMs: number
  /** Another instance has sent something lately, so that it is not us who are cut off. */
  readonly othersSpeak: boolean
}

export interface SilenceLimits {
  readonly suspectAfterMs: number
  readonly questionTimeoutMs: number
  readonly condemnAfterMs: number
}

/** `ask`: one question; `alarm`: look for the writer; `condemn`: cut its connections. */
export type Verdict = 'wait' | 'ask' | 'alarm' | 'condemn'

/** How often an instance must leave a question unanswered before it is condemned. */
const QUESTIONS_TO_CONDEMN = 3

/**
 * What to do about an instance that says nothing. An overloaded server is not a dead one: any byte, a greeting or an error packet
 * included, acquits it, and a long query on a healthy instance only costs a question now and then.
 */
export function judgeSilence(silence: Silence, limits: SilenceLimits): Verdict {
  const { silentMs, unansweredMs, sinceAskedMs, askApartMs, othersSpeak } = silence
  if (isLongSilence(silence, limits) && othersSpeak) return 'condemn'
  if (unansweredMs !== undefined && unansweredMs >= limits.questionTimeoutMs) return 'alarm'
  if (unansweredMs === undefined && silentMs >= limits.suspectAfterMs && sinceAskedMs >= askApartMs)
    return 'ask'
  return 'wait'
}

/** Whether it has been silent for long enough to be condemned, once it is certain that it is not us who are cut off. */
export function isLongSilence(
  { silentMs, unanswered }: Silence,
  { condemnAfterMs }: SilenceLimits,
): boolean {
  return silentMs >= condemnAfterMs && unanswered >= QUESTIONS_TO_CONDEMN
}
