import { findProgram, installWithApt } from './system-programs.mjs'

/** The names that the tests of the simulator's pages know as well. */
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/**
 * Sees to a browser for the simulator's pages where one can be installed in seconds and without a question. The tests
 * do without one, and say so.
 *
 * @param {(line: string) => void} say
 */
export async function ensureChromium(say) {
  if (findProgram(BROWSERS)) return
  const result = await installWithApt(['chromium'], say)
  if (result?.isGreen && findProgram(BROWSERS)) return
  say("Without Chromium: the simulator's pages are not tested in a browser")
}
