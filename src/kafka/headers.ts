// Headers of a record: the names that name the row of a file it was made from, and how to read one.
import { readVarint, type RecordBytes } from './record-batch.ts'

/** Id of the file that the record was produced from. */
export const SOURCE_HEADER = 'xdr-source'
/** Row number in that file. */
export const ROW_HEADER = 'xdr-row'

/**
 * Reads one header of a record.
 *
 * @param valueTo where the value of the record ends: the headers follow it
 * @returns the header's text; null when the record has no header of that name, or damaged ones
 */
export function headerOf(bytes: Buffer, valueTo: number, name: string): string | null {
  const cursor = { bytes, at: valueTo, to: bytes.length }
  const count = readVarint(cursor)
  for (let i = 0; i < count; i++) {
    const key = readText(cursor)
    const value = readText(cursor)
    if (key === null || key === name) return value
  }
  return null
}

function readText(cursor: RecordBytes): string | null {
  const length = readVarint(cursor)
  if (!(length >= 0 && cursor.at + length <= cursor.to)) return null
  cursor.at += length
  return cursor.bytes.toString('utf8', cursor.at - length, cursor.at)
}
