import { createAnnouncer } from './announcer.js'
import { patterns } from './charts/inks.js'
import { follow } from './connection.js'
import { createPanel } from './controls/panel.js'
import { byId, html, say, svg } from './dom.js'
import { createExports } from './exports.js'
import { slowness } from './figures.js'
import { createHistory } from './history.js'
import { createLog, inWords } from './log.js'
import { createNotice } from './notice.js'
import { readRecording } from './replay.js'
import { createScreen } from './screen.js'
import { createServerFigures } from './server-figures.js'
import { createShortcuts } from './shortcuts.js'
import { createTheme } from './theme.js'
import { createWindow } from './window.js'
import { moment } from './words.js'

/** @import { Frame, LabState, Recording } from '../src/frame.ts' */
/** @import { Status } from './connection.js' */
/** @import { Panel } from './controls/panel.js' */
/** @import { Notice } from './notice.js' */

/** Milliseconds after the greeting in which frames are those that were kept for us, and no news. */
const CATCHING_UP = 1_000
/** The part of the requests that may be left out without a word. */
const TOO_SLOW = 0.02

document.body.prepend(svg('svg', { class: 'hidden', 'aria-hidden': 'true' }, patterns()))

const notice = createNotice()
const theme = createTheme()
const announcer = createAnnouncer(byId('announcer', HTMLElement))
const log = createLog(byId('log', HTMLElement))
const server = createServerFigures()
const screen = createScreen((frame) => server.read(frame))
const window = createWindow(refresh)

/** @type {LabState | undefined} */
let lab
/** @type {Panel | undefined} */
let panel
/** @type {Recording | undefined} */
let replayed
/** @type {Status} */
let status = 'connecting'
let history = createHistory(1)
let greeted = 0
/** @type {string | undefined} */
let problem

follow({
  onHello(state) {
    greeted = performance.now()
    if (state.run !== lab?.run) begin(state)
    lab = state
    panel?.show(state)
  },
  onFrame(frame) {
    if (!lab || !history.add(frame)) return
    const isNews = performance.now() - greeted > CATCHING_UP
    if (!replayed) log.add(frame.notes, lab)
    refresh()
    if (!isNews) return
    for (const note of frame.notes) announcer.announce(`${inWords(note, lab)}.`)
    panel?.show(frame)
  },
  onStatus(next) {
    const isAgain = status !== 'connecting' || next === 'lost'
    status = next
    refresh()
    if (isAgain) announcer.announce(next === 'live' ? 'Connected again.' : 'No connection to the laboratory.')
  },
})

/**
 * Another run, or the first: nothing of the one before is true of it.
 *
 * @param {LabState} state
 */
function begin(state) {
  history = createHistory(state.history)
  panel = createPanel(state, tell)
  if (replayed) return
  lay(state, [])
}

/**
 * @param {LabState} state
 * @param {readonly Frame[]} frames
 */
function lay(state, frames) {
  screen.begin(state)
  log.clear()
  for (const { notes } of frames) log.add(notes, state)
  byId('about', HTMLElement).replaceChildren(
    ...state.variants.flatMap(({ title, text }) => [html('dt', {}, title), html('dd', {}, text)]),
    ...state.constants.flatMap(({ name, value, text }) => [
      html('dt', {}, name),
      html('dd', {}, html('b', {}, value), ` ${text}`),
    ]),
  )
}

function refresh() {
  const shown = replayed ? 'replay' : status
  byId('main', HTMLElement).dataset['status'] = shown
  byId('connection', HTMLElement).dataset['status'] = shown
  say(byId('connection-text', HTMLElement), TITLES[shown])
  byId('all-controls', HTMLFieldSetElement).disabled = shown === 'replay' || !panel
  byId('window', HTMLSelectElement).disabled = shown === 'replay' // all of it is shown
  notice.show(noticeNow())
  if (replayed) screen.show({ lab: replayed.lab, frames: replayed.frames, window: Infinity, live: false })
  else if (lab) screen.show({ lab, frames: history.frames, window: window.milliseconds, live: status === 'live' })
}

const TITLES = { connecting: 'Connecting', live: 'Live', lost: 'No connection', replay: 'Recording' }

/** @returns {Notice | undefined} what matters most */
function noticeNow() {
  if (problem !== undefined) return { kind: 'error', text: problem, button: 'Close', act: () => tell(undefined) }
  if (replayed) {
    const day = new Date(replayed.recordedAt).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short' })
    return { kind: 'replay', text: `A recording of ${day}`, button: 'Back to live', act: endReplay }
  }
  if (status === 'live' && history.last && slowness(history.frames, history.last) > TOO_SLOW)
    return {
      kind: 'slow',
      text: 'This machine is too slow for the load: requests were left out, and latencies are its own. Lower the rate.',
    }
  if (status !== 'lost') return undefined
  const last = history.last ? ` The figures are those of ${moment(history.last.at)}, and no longer true.` : ''
  return { kind: 'lost', text: `No connection to the laboratory; trying again.${last}` }
}

/** @param {unknown} error  `undefined` once it was read */
function tell(error) {
  problem =
    error === undefined ? undefined : `That did not work: ${error instanceof Error ? error.message : 'no reason given'}`
  if (problem !== undefined) announcer.announce(problem)
  refresh()
}

/** @param {File} file */
async function replay(file) {
  replayed = await readRecording(file)
  lay(replayed.lab, replayed.frames)
  refresh()
}

function endReplay() {
  replayed = undefined
  if (lab) lay(lab, history.frames)
  refresh()
}

const pictures = createExports(() => screen.shown && { ...screen.shown, view: screen.view }, tell)
const recordingFile = byId('recording-file', HTMLInputElement)
byId('open-recording', HTMLButtonElement).addEventListener('click', () => recordingFile.click())
recordingFile.addEventListener('change', () => {
  const [file] = recordingFile.files ?? []
  recordingFile.value = '' // so that the same file can be opened again
  if (file) replay(file).catch(tell)
})

/** @param {() => void} act  which a recording has no use for */
const live = (act) => () => {
  if (!replayed) act()
}

createShortcuts(
  [
    { keys: '1234567', text: 'Weather', act: (key) => live(() => panel?.chooseWeather(Number(key) - 1))() },
    { keys: 'k', text: 'Rotate keys', act: live(() => panel?.act('rotate-keys')) },
    { keys: 'r', text: 'Revoke a user at the server', act: live(() => panel?.act('revoke-user')) },
    { keys: 'f', text: 'Flood of made-up tokens on, off', act: live(() => panel?.toggleFlood()) },
    { keys: 's', text: 'Scenario start, stop', act: live(() => panel?.toggleScenario()) },
    { keys: 'w', text: 'Next window of time', act: () => window.next() },
    { keys: 't', text: 'Next theme', act: theme.next },
    { keys: 'p', text: 'Save a picture (PNG)', act: () => pictures.save('png') },
  ],
  [
    ['←  →', 'On the strip above the lanes: look back, a second at a time'],
    ['Esc', 'Back to now'],
    ['?', 'These keys'],
  ],
)
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') screen.release()
})
