// Rows as JSON objects with the canonical names of columns; what is missing is left out.
import { FILE_COLUMNS } from '../record/columns.ts'
import type { Encode } from './values.ts'

/** Numbers of times below this would be taken for seconds by who reads them. */
const SECONDS_BELOW = 1e11

const NAMES = FILE_COLUMNS.map(({ name }) => `${JSON.stringify(name)}:`)
const TIMES = FILE_COLUMNS.map(({ type }) => type === 'time')

/** Writes a row as JSON. */
export const encodeJson: Encode = (values, i, bytes, into) => {
  const texts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let from = 0
  let json = ''
  for (let c = 0; c < NAMES.length; c++) {
    const { numbers, sizes } = values.columns[c]
    const number = numbers === null ? NaN : numbers[i]
    const size = sizes === null ? NaN : sizes[i]
    if (number === number) json += `${json === '' ? '{' : ','}${NAMES[c]}${spelt(number, TIMES[c])}`
    else if (size === size) {
      const text = texts.toString('utf8', from, from + size)
      from += size
      json += `${json === '' ? '{' : ','}${NAMES[c]}${JSON.stringify(text)}`
    }
  }
  return into.write(json === '' ? '{}' : `${json}}`, 'utf8')
}

/** JSON knows no infinity: it goes as the text that reads as one. */
function spelt(number: number, isTime: boolean): string {
  if (isTime && Math.abs(number) < SECONDS_BELOW) return `"${new Date(number).toISOString()}"`
  return Number.isFinite(number) ? String(number) : `"${number}"`
}
