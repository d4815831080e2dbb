// Which types a column may have: those that hold its values.
import { PulseError } from '../../errors.ts'
import { ownDurationUnit } from './durations.ts'

const SUPPORTED =
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|VARCHAR|TIMESTAMP.*|DATE|"NULL")$/

/**
 * Checks the type of a used column.
 *
 * @param canonical the column, which the file calls `name`
 * @throws PulseError `input-column` for a type that does not hold the values of the column
 */
export function requireType(path: string, canonical: string, name: string, type: string): void {
  // Of a bearer only the presence counts: it may have any type.
  if (canonical === 'Bearer Id') return
  const isDuration = canonical === 'Dur. (ms)' && ownDurationUnit(type) !== null
  if (!SUPPORTED.test(type) && !isDuration) throw unsupported(path, name, type)
  if (canonical === 'MSISDN/Number' && type === 'FLOAT') throw imprecise(path, name)
}

const unsupported = (path: string, name: string, type: string): PulseError =>
  new PulseError(
    'input-column',
    `${path}: the column "${name}" has type ${type}, expected a number, a time or text; convert ` +
      'the column and write the file again',
  )

const imprecise = (path: string, name: string): PulseError =>
  new PulseError(
    'input-column',
    `${path}: the column "${name}" has type FLOAT, which holds 7 digits, expected a type that holds ` +
      'the 15 digits of an MSISDN; write the file again from its source with integers or text',
  )
