// SQL of the instant that a number or a text of digits spells, the twin of `instantOf`.
import { literal } from '../../duckdb.ts'
import { UNREADABLE } from '../../record/batch.ts'
import { DATE_DIGITS, FIRST_SECOND, LAST_SECOND } from '../../record/numeric-time.ts'

const within = (value: string, unitsPerSecond: number): string =>
  `${value} >= ${BigInt(FIRST_SECOND) * BigInt(unitsPerSecond)} AND
    ${value} < ${BigInt(LAST_SECOND) * BigInt(unitsPerSecond)}`

/**
 * UTC milliseconds as DOUBLE of a number; NULL for NULL and NaN, UNREADABLE for a number that is not a
 * time. Whole numbers are divided as such: a float64 does not hold nanoseconds.
 *
 * @param value SQL of a number
 * @param isWhole whether its type holds whole numbers only
 * @param inZone SQL of the UTC milliseconds of a TIMESTAMP without a zone
 */
export function numericTime(
  value: string,
  isWhole: boolean,
  inZone: (timestamp: string) => string,
): string {
  const [micros, nanos] = isWhole
    ? [`(${value} // 1000)`, `(${value} // 1000000)`]
    : [`floor(${value}::DOUBLE / 1e3)`, `floor(round(${value}::DOUBLE / 1e3) / 1e3)`]
  const dates = DATE_DIGITS.map(({ from, to, format }) => {
    const whole = `${value}::BIGINT`
    const date = inZone(`try_strptime(${whole}::VARCHAR, ${literal(format)})`)
    const isDate = isWhole ? '' : ` AND ${value} = ${whole}`
    return `WHEN ${value} >= ${from} AND ${value} < ${to}${isDate}
      THEN coalesce(${date}::DOUBLE, ${UNREADABLE}::DOUBLE)`
  })
  return `CASE WHEN ${value} IS NULL OR isnan(${value}::DOUBLE) THEN NULL
    WHEN ${within(value, 1e3)} THEN floor(${value}::DOUBLE)
    WHEN ${within(value, 1)} THEN floor(round(${value}::DOUBLE * 1e6) / 1e3)
    WHEN ${within(value, 1e6)} THEN ${micros}::DOUBLE
    WHEN ${within(value, 1e9)} THEN ${nanos}::DOUBLE
    ${dates.join(' ')} ELSE ${UNREADABLE}::DOUBLE END`
}

/** The same of a text without spaces around it; NULL for a text that is not digits. */
export function digitsTime(text: string, inZone: (timestamp: string) => string): string {
  return `CASE WHEN regexp_full_match(${text}, '[0-9]{8,19}')
      THEN ${numericTime(`try_cast(${text} AS HUGEINT)`, true, inZone)}
    WHEN regexp_full_match(${text}, '[0-9]{8,19}[.][0-9]+')
      THEN ${numericTime(`try_cast(${text} AS DOUBLE)`, false, inZone)} END`
}
