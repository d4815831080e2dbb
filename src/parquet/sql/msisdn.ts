// SQL of the number that a text spells as an MSISDN, the twin of `msisdnOf`.
import { literal } from '../../duckdb.ts'
import { UNREADABLE } from '../../record/batch.ts'
import { IMPRECISE, PADDING_CODES, SCIENTIFIC, SPELT } from '../../record/msisdn.ts'
import { isMissingText } from './missing.ts'

const PADDING = PADDING_CODES.map((code) => `chr(${code})`).join(' || ')

/** SQL of the number as DOUBLE; NULL where it is missing. */
export function msisdnSql(name: string): string {
  const text = `trim(${name}, ${PADDING})`
  const number = `try_cast(trim(${text}) AS DOUBLE)`
  const digits = `regexp_replace(regexp_replace(${text}, '[.]0*$', ''), '[^0-9]', '', 'g')`
  const mantissa = `regexp_replace(regexp_replace(${text}, '[eE].*$', ''), '[^0-9]', '', 'g')`
  const precision = `length(ltrim(${mantissa}, '0'))`
  // Plain digits first: they are nearly all there is.
  return `CASE WHEN regexp_full_match(${name}, '[0-9]{1,15}') THEN try_cast(${name} AS DOUBLE)
    WHEN ${name} IS NULL OR ${isMissingText(`trim(${text})`)} THEN NULL
    WHEN regexp_full_match(${text}, ${literal(SPELT)}) THEN try_cast(${digits} AS DOUBLE)
    WHEN regexp_full_match(${text}, ${literal(SCIENTIFIC)}) AND ${number} >= pow(10, ${precision})
    THEN ${IMPRECISE}::DOUBLE
    ELSE coalesce(${number}, ${UNREADABLE}::DOUBLE) END`
}
