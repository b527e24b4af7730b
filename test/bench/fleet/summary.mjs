const STEP_MS = 100
/** The chart shows so much around the promotion. */
const SHOWN_BEFORE_MS = 1_500
const SHOWN_AFTER_MS = 6_000

/**
 * @typedef {object} FleetRun
 * @property {number} poolCount
 * @property {number} connectionsPerPool
 * @property {string} promoted the instance that became the writer
 * @property {{ fromMs: number, untilMs: number }} calm
 * @property {number} crashedAtMs
 * @property {number} promotedAtMs
 * @property {number} failedWrites
 * @property {number[]} backAfterMs per pool
 * @property {[atMs: number, instance: string, what: string][]} visits
 */

/**
 * What a fleet did to the instances, in figures.
 *
 * @param {FleetRun} run
 */
export function summarise(run) {
  const { poolCount, promoted, calm, crashedAtMs, promotedAtMs, visits } = run
  const episode = visits.filter(([atMs]) => atMs >= crashedAtMs)
  const attempts = histogram(
    episode.filter(([, instance, what]) => instance === promoted && what !== 'topology'),
    promotedAtMs,
  )
  const questions = histogram(
    episode.filter(([, instance, what]) => instance === promoted && what === 'topology'),
    promotedAtMs,
  )
  const calmQuestions = visits.filter(
    ([atMs, , what]) => what === 'topology' && atMs >= calm.fromMs && atMs < calm.untilMs,
  ).length
  // JSON knows no infinity.
  const back = run.backAfterMs
    .map((ms) => ms ?? Number.POSITIVE_INFINITY)
    .toSorted((left, right) => left - right)
  return {
    poolCount,
    connectionsPerPool: run.connectionsPerPool,
    failedWrites: run.failedWrites,
    attempts,
    questions,
    attemptsInAll: attempts.reduce((sum, [, count]) => sum + count, 0),
    peakAttempts: Math.max(...attempts.map(([, count]) => count)),
    peakQuestionsPerPoolAndSecond:
      busiestSecond(episode.filter(([, , what]) => what === 'topology')) / poolCount,
    calmQuestionsPerPoolAndSecond:
      calmQuestions / poolCount / ((calm.untilMs - calm.fromMs) / 1_000),
    firstBackMs: back[0] ?? Number.NaN,
    medianBackMs: back[Math.floor(back.length / 2)] ?? Number.NaN,
    lastBackMs: back.at(-1) ?? Number.NaN,
  }
}

/**
 * How many per step, by the beginning of the step, in milliseconds after `zeroMs`.
 *
 * @param {FleetRun['visits']} visits
 * @param {number} zeroMs
 * @returns {[number, number][]}
 */
function histogram(visits, zeroMs) {
  /** @type {[number, number][]} */
  const steps = []
  for (let atMs = -SHOWN_BEFORE_MS; atMs < SHOWN_AFTER_MS; atMs += STEP_MS) steps.push([atMs, 0])
  for (const [atMs] of visits) {
    const step = steps[Math.floor((atMs - zeroMs + SHOWN_BEFORE_MS) / STEP_MS)]
    if (step !== undefined) step[1] += 1
  }
  return steps
}

/**
 * The most that one instance met within a second.
 *
 * @param {FleetRun['visits']} visits in order
 */
function busiestSecond(visits) {
  let most = 0
  for (const instance of new Set(visits.map(([, each]) => each))) {
    const times = visits.filter(([, each]) => each === instance).map(([atMs]) => atMs)
    for (let first = 0, last = 0; last < times.length; last += 1) {
      while (Number(times[last]) - Number(times[first]) >= 1_000) first += 1
      most = Math.max(most, last - first + 1)
    }
  }
  return most
}
