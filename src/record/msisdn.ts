// The number that a text spells as an MSISDN: the same in files, messages, command line, API and page.
//
// Accepted are padding with blanks and NUL, `tel:`, a leading `+` or zeros (0033…), blanks and dashes
// between digits, and a fraction of zeros. `src/parquet/sql/msisdn.ts` is its twin in SQL.
import { UNREADABLE } from './batch.ts'
import { isMissing, numberOf } from './decode/text.ts'

/** The value of a text with fewer digits than its number has, such as 3.36E+10. */
export const IMPRECISE: number = UNREADABLE / 2

/** What may stand around an MSISDN, by code: white space, NUL, the no-break space. */
export const PADDING_CODES: readonly number[] = [9, 10, 11, 12, 13, 32, 0, 0xa0]
/** Digits with blanks and dashes between them; both dialects of regular expressions read it alike. */
export const SPELT = '(?:[tT][eE][lL]:)?[+]?[0-9](?:[0-9 -]*[0-9])?(?:[.]0*)?'
/** Digits with an exponent; each digit has one place in it, so that long texts take linear time. */
export const SCIENTIFIC = '[+]?[0-9]*(?:[.][0-9]*)?[eE][+]?[0-9]+'

const PADDING: ReadonlySet<number> = new Set(PADDING_CODES)
const WHOLE_SPELT = new RegExp(`^${SPELT}$`)
const WHOLE_SCIENTIFIC = new RegExp(`^${SCIENTIFIC}$`)

/** The number; NaN where it is missing, UNREADABLE where it is not a number, IMPRECISE as above. */
export function msisdnOf(text: string): number {
  const trimmed = withoutPadding(text)
  if (isMissing(trimmed)) return NaN
  if (WHOLE_SPELT.test(trimmed)) {
    return Number(trimmed.replace(/\.0*$/, '').replace(/[^0-9]/g, ''))
  }
  const value = numberOf(trimmed)
  if (!WHOLE_SCIENTIFIC.test(trimmed) || value === UNREADABLE) return value
  const digits = trimmed.replace(/[eE].*$/, '').replace(/[^0-9]/g, '')
  return value >= 10 ** digits.replace(/^0+/, '').length ? IMPRECISE : value
}

function withoutPadding(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && PADDING.has(text.charCodeAt(from))) from++
  while (to > from && PADDING.has(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}
