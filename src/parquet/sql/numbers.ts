// SQL of the number that a text spells with a decimal comma or point, the twin of `amountOf`.
import { literal } from '../../duckdb.ts'
import {
  BLANKS,
  COMMA,
  GROUPED_POINT,
  type NumberFormat,
} from '../../record/formats/number-format.ts'

/** SQL of the number as DOUBLE; NULL for a text that is not a number. */
export function numberSql(name: string, format: NumberFormat): string {
  const text = `trim(${name})`
  const number = `try_cast(${text} AS DOUBLE)`
  const point = `coalesce(${number}, ${inFormat(text, GROUPED_POINT, `[,${BLANKS}]`)})`
  if (format === 'point') return point
  return `CASE WHEN contains(${name}, ',') OR contains(${name}, '.')
    THEN ${inFormat(text, COMMA, `[.${BLANKS}]`)} ELSE ${point} END`
}

/** The number of a text that a pattern matches, without separators and with a decimal point. */
const inFormat = (text: string, pattern: string, separators: string): string =>
  `CASE WHEN regexp_full_match(${text}, ${literal(pattern)})
    THEN try_cast(${withPoint(text, pattern, separators)} AS DOUBLE) END`

function withPoint(text: string, pattern: string, separators: string): string {
  const bare = `regexp_replace(${text}, ${literal(separators)}, '', 'g')`
  return pattern === COMMA ? `replace(${bare}, ',', '.')` : bare
}
