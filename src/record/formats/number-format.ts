// Numbers as text with a decimal comma or point and separators of thousands: which values show it.
//
// A text with a comma or a point is evidence when only one format reads it: `1.234,00`, `1.234.567`
// and `1234,5` have a decimal comma, `1,234.00`, `1,234,567` and `1234.5` a decimal point. `1,234` and
// `1.234` are numbers in both formats. `src/record/decode/amount.ts` reads them, and
// `src/parquet/sql/numbers.ts` in SQL.

/** The formats of numbers as text. */
export const NUMBER_FORMATS = ['point', 'comma'] as const
/** One of NUMBER_FORMATS. */
export type NumberFormat = (typeof NUMBER_FORMATS)[number]

/** Separators of thousands in both formats: blanks of several widths, apostrophes. */
export const BLANKS = " \u00a0\u202f'\u2019"
const grouped = (mark: string): string =>
  `[1-9][0-9]{0,2}(?:(?:${mark}[0-9]{3})+|(?:[${BLANKS}][0-9]{3})+)`
/** A number with a decimal point and separators of thousands. */
export const GROUPED_POINT = `[+-]?${grouped(',')}(?:[.][0-9]*)?`
/** A number with a decimal comma; both dialects of regular expressions read it alike. */
export const COMMA = `[+-]?(?:${grouped('[.]')}(?:,[0-9]*)?|(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?)`

/** What the values of a column show, in number and by an example each. */
export interface NumberEvidence {
  comma: number
  point: number
  either: number
  examples: { comma: string; point: string; either: string }
}

/** No values. */
export const createNumberEvidence = (): NumberEvidence => ({
  comma: 0,
  point: 0,
  either: 0,
  examples: { comma: '', point: '', either: '' },
})
