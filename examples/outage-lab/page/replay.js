/** @import { Recording } from '../src/frame.ts' */

const FORMAT = 'holdfast-outage-lab/1'
/** Octets. An hour of frames is about a third of it. */
const LARGEST = 64 * 1_048_576

/**
 * @param {File} file  as `/recording` gave it
 * @returns {Promise<Recording>} rejected with an `Error` that says what is wrong with the file
 */
export async function readRecording(file) {
  if (file.size > LARGEST) throw new Error(`${file.name} is larger than any recording`)
  /** @type {unknown} */
  let read
  try {
    read = JSON.parse(await file.text())
  } catch {
    throw new Error(`${file.name} is not JSON`)
  }
  if (!isRecording(read)) throw new Error(`${file.name} is no recording of this laboratory`)
  return read
}

/**
 * @param {unknown} read
 * @returns {read is Recording}
 */
function isRecording(read) {
  const recording = /** @type {Partial<Recording> | null} */ (read)
  return recording?.format === FORMAT && Array.isArray(recording.frames) && recording.frames.length > 0
}
