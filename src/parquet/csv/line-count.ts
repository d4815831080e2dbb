// Counts the lines of a text file, independently of what reads its rows.
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

/** Lines of a file; the last one counts without a line end, too. */
export interface LineCount {
  /** Lines that are not empty. */
  lines: number
  empty: number
}

const [LF, CR] = [10, 13]
const CHUNK_BYTES = 2 ** 18

/** Counts lines that end in LF or CR LF; in CR alone where `end` is CR. */
export async function countLines(path: string, isGzip: boolean, end: number): Promise<LineCount> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  const source = isGzip ? file.pipe(createGunzip()) : file
  file.on('error', (error) => source.destroy(error))
  const count: LineCount = { lines: 0, empty: 0 }
  // Bytes of the present line in former chunks, without a CR at its end.
  let before = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, from)) {
      const bytes = before + at - from - (at > from && chunk[at - 1] === CR ? 1 : 0)
      if (bytes > 0) count.lines++
      else count.empty++
      before = 0
      from = at + 1
    }
    // A CR at the end of a chunk is a part of the line end or, as a line of its own, malformed.
    const rest = chunk.length - from
    if (rest > 0) before += rest - (before + rest === 1 && chunk[from] === CR ? 1 : 0)
  }
  if (before > 0) count.lines++
  return count
}

/** The byte that ends lines: CR where a text has it and no LF. */
export const lineEndOf = (text: string): number =>
  text.includes('\r') && !text.includes('\n') ? CR : LF
