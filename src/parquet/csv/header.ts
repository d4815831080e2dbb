// The dialect of a CSV file from its first line: delimiter, and the names of its columns.
import { closeSync, openSync } from 'node:fs'
import { constants, gunzipSync } from 'node:zlib'
import { messageOf, PulseError } from '../../errors.ts'
import { canonicalName } from '../../record/column-names.ts'
import { isAlike } from '../../record/column-path.ts'
import type { MappedColumns } from '../../record/mapped-columns.ts'
import { readAt } from '../identity/fingerprint.ts'
import { lineEndOf } from './line-count.ts'

/** How a CSV file is to be read. */
export interface CsvDialect {
  delimiter: string
  isGzip: boolean
  /** Unique names of the columns, in any case; a repeated one has a number added. */
  names: string[]
  /** The byte that ends its lines. */
  lineEnd: number
  /** Lines of the header: a quoted name may hold a line end. */
  headerLines: number
}

const DELIMITERS = [',', ';', '\t', '|']
const HEAD_BYTES = 2 ** 18
const GZIP_MAGIC = 0x1f8b

/**
 * Finds the dialect of a CSV file: the delimiter that separates the most names of XDR columns, known
 * or mapped.
 *
 * @throws PulseError `input-invalid` for a file that does not begin with a line of text
 */
export function csvDialect(path: string, map: MappedColumns): CsvDialect {
  const bytes = headOf(path)
  const isGzip = bytes.length > 1 && bytes.readUInt16BE(0) === GZIP_MAGIC
  const head = isGzip ? unpacked(path, bytes) : bytes
  const line = firstLine(path, head)
  const mapped = Object.values(map).map((wanted = []) => wanted.join('.'))
  const found = DELIMITERS.map((delimiter) => {
    const names = fieldsOf(line, delimiter)
    const isKnown = (name: string): boolean =>
      canonicalName(name) !== undefined || mapped.some((one) => isAlike(one, name))
    const known = names.filter(isKnown).length
    return { delimiter, names, known }
  })
  // The first of equals: the sort is stable.
  const [best] = found.sort((a, b) => b.known - a.known || b.names.length - a.names.length)
  const lineEnd = lineEndOf(head.toString('latin1'))
  const headerLines = line.split(String.fromCharCode(lineEnd)).length
  return { delimiter: best.delimiter, isGzip, names: uniqueNames(best.names), lineEnd, headerLines }
}

function headOf(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    return readAt(file, 0, HEAD_BYTES)
  } finally {
    closeSync(file)
  }
}

function unpacked(path: string, bytes: Buffer): Buffer {
  try {
    // The beginning of a file ends within its compressed data.
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch (error) {
    throw invalid(path, `it cannot be unpacked (${messageOf(error)})`, 'compress it again')
  }
}

const invalid = (path: string, found: string, remedy: string): PulseError =>
  new PulseError(
    'input-invalid',
    `${path}: ${found}; expected CSV as UTF-8 with a line of column names: ${remedy}`,
  )

function firstLine(path: string, bytes: Buffer): string {
  const mark = bytes.toString('hex', 0, 2)
  if (mark === 'fffe' || mark === 'feff') throw invalid(path, 'it is UTF-16', 'save it as UTF-8')
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text[at]
    if (code === '\0') throw invalid(path, 'it holds bytes that are not text', 'check the file')
    if (code === '"') isQuoted = !isQuoted
    if (!isQuoted && (code === '\n' || code === '\r')) return text.slice(0, at)
  }
  if (isQuoted || bytes.length >= HEAD_BYTES) {
    throw invalid(path, 'its first line does not end', 'check its quotes and line ends')
  }
  return text
}

/** The values of a line, without quotes around them. */
function fieldsOf(line: string, delimiter: string): string[] {
  const fields = ['']
  let isQuoted = false
  for (const char of line) {
    if (char === '"') isQuoted = !isQuoted
    if (char === delimiter && !isQuoted) fields.push('')
    else fields[fields.length - 1] += char
  }
  return fields.map((field) =>
    field
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll('""', '"')
      .trim(),
  )
}

function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name, at) => {
    const base = name === '' ? `column${at}` : name
    let unique = base
    for (let n = 1; taken.has(unique.toLowerCase()); n++) unique = `${base}_${n}`
    taken.add(unique.toLowerCase())
    return unique
  })
}
