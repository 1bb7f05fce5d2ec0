/** Milliseconds between two announcements, so that a screen reader can finish. */
const PAUSE = 2_000
/** Sentences of one announcement. What comes beside them is counted. */
const MOST = 4

/**
 * Reads out what changed through a live region: a few sentences at a time, and never a flood.
 *
 * @param {HTMLElement} region
 */
export function createAnnouncer(region) {
  /** @type {string[]} */
  let waiting = []
  let more = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer

  function speak() {
    region.textContent = [...waiting, ...(more > 0 ? [`And ${more} more.`] : [])].join(' ')
    waiting = []
    more = 0
    timer = undefined
  }
  return {
    /** @param {string} sentence */
    announce(sentence) {
      if (waiting.length < MOST) waiting.push(sentence)
      else more += 1
      timer ??= setTimeout(speak, region.textContent === '' ? 0 : PAUSE)
    },
  }
}
