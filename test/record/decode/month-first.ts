// Texts with the month before the day and a decimal point.
import { createTextReading, type TextReading } from '../../../src/record/decode/text-reading.ts'
import { PLAIN_UNITS } from '../../../src/record/source-units.ts'

/** A reading of such texts in a zone. */
export const monthFirst = (zone: string): TextReading =>
  createTextReading(zone, { ...PLAIN_UNITS, timeFormat: 'month-first' })
