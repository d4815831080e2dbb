// SQL of the texts that spell a missing value, the twin of `isMissing`.
import { literal } from '../../duckdb.ts'
import { MISSING_VALUES } from '../../record/decode/text.ts'

const MISSING = MISSING_VALUES.map(literal).join(', ')

/**
 * SQL that is true for a text that spells a missing value.
 *
 * @param text SQL of a text without spaces around it
 */
// Not IN: for a list of this length DuckDB plans a join, which reads each row of the file.
export const isMissingText = (text: string): string => `list_contains([${MISSING}], lower(${text}))`

/** SQL of a value that is not missing in its column; NULL where it is. */
export const unlessMissing = (name: string, sql: string): string =>
  `CASE WHEN ${isMissingText(`trim(${name})`)} OR ${name} IS NULL THEN NULL ELSE ${sql} END`
