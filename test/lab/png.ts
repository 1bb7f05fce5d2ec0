// Makes a screenshot a third of its size: few colours need no more than an index each (PNG, ISO/IEC 15948).
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const COLORS = 256
/** RGB, 8 bits each, not interlaced: what Chromium takes. */
const RGB = Buffer.from([8, 2, 0, 0, 0])
/** Indices of 8 bits. */
const INDEXED = Buffer.from([8, 3, 0, 0, 0])

/** @throws {Error} for a picture that is not as Chromium takes them. */
export function withPalette(png: Buffer): Buffer {
  const chunks = [...chunksOf(png)]
  const header = chunks.find(({ type }) => type === 'IHDR')!.data
  if (!header.subarray(8).equals(RGB)) throw new Error('the screenshot is not 8-bit RGB')
  const width = header.readUInt32BE(0)
  const data = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data: part }) => part)))
  const pixels = unfiltered(data, width * 3)

  const { palette, indexOf } = paletteOf(pixels)
  const rows = pixels.length / (width * 3)
  const indices = Buffer.alloc(rows * (width + 1)) // each row begins with its filter: none
  for (let pixel = 0; pixel < width * rows; pixel += 1)
    indices[pixel + Math.floor(pixel / width) + 1] = indexOf(pixels.readUIntBE(pixel * 3, 3))
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', Buffer.concat([header.subarray(0, 8), INDEXED])),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(indices, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function* chunksOf(png: Buffer): Generator<{ readonly type: string; readonly data: Buffer }> {
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at)
    yield { type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) }
    at += length + 12
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  const checksum = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

/** Undoes the filter of each row (§9). */
function unfiltered(data: Buffer, stride: number): Buffer {
  const rows = data.length / (stride + 1)
  const pixels = Buffer.alloc(rows * stride)
  for (let row = 0; row < rows; row += 1) {
    const filter = data[row * (stride + 1)]!
    for (let column = 0; column < stride; column += 1) {
      const at = row * stride + column
      const left = column >= 3 ? pixels[at - 3]! : 0
      const up = row > 0 ? pixels[at - stride]! : 0
      const corner = column >= 3 && row > 0 ? pixels[at - stride - 3]! : 0
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!
      pixels[at] = data[row * (stride + 1) + 1 + column]! + predicted
    }
  }
  return pixels
}

function paeth(left: number, up: number, corner: number): number {
  const [toLeft, toUp, toCorner] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs) as [
    number,
    number,
    number,
  ]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

/** The most frequent colours, and for every other the nearest of them. */
function paletteOf(pixels: Buffer): { readonly palette: Buffer; readonly indexOf: (color: number) => number } {
  const counts = new Map<number, number>()
  for (let at = 0; at < pixels.length; at += 3) {
    const color = pixels.readUIntBE(at, 3)
    counts.set(color, (counts.get(color) ?? 0) + 1)
  }
  const colors = distinct([...counts].toSorted(([, one], [, other]) => other - one).map(([color]) => color))
  const indices = new Map<number, number>()

  function indexOf(color: number): number {
    const known = indices.get(color)
    if (known !== undefined) return known
    const distances = colors.map((one) => distance(one, color))
    const index = distances.indexOf(Math.min(...distances))
    indices.set(color, index)
    return index
  }
  const palette = Buffer.alloc(colors.length * 3)
  colors.forEach((color, index) => palette.writeUIntBE(color, index * 3, 3))
  return { palette, indexOf }
}

/** Of colours that hardly differ the first, as long as there is room for more. */
function distinct(colors: readonly number[]): readonly number[] {
  const chosen: number[] = []
  for (const color of colors) {
    if (chosen.length === COLORS) break
    if (chosen.every((one) => distance(one, color) > 60)) chosen.push(color)
  }
  return chosen
}

function distance(one: number, other: number): number {
  const [red, green, blue] = [16, 8, 0].map((shift) => ((one >> shift) & 255) - ((other >> shift) & 255)) as [
    number,
    number,
    number,
  ]
  return red * red + green * green + blue * blue
}
