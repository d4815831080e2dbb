// Rejects a message whose decoder throws: no message ends the process, or stops its partition.
import { placeOfError } from '../../../src/errors.ts'
import { outcomeOf } from '../../../src/record/batch.ts'

const MALFORMED = outcomeOf('malformed')
/** Sentences that are logged; all rejected messages have theirs as a detail. */
const MOST_REPORTED = 20

/**
 * Decodes `bytes[from, to)` into row `row` of the columns; returns the outcome. The headers of the
 * record follow the value.
 */
export type Decode = (
  bytes: Buffer,
  from: number,
  to: number,
  columns: readonly Float64Array[],
  row: number,
) => number

/** What is known of the value decoded last. */
interface LastValue {
  schema: string
  reject(outcome: number, why: string): number
}

/**
 * `decode`, whose exceptions become rejected messages. An exception is an internal error, so each is
 * logged once per schema, with the place in the code where it was thrown.
 */
export function guarded(
  last: LastValue,
  onError: (message: string) => void,
  decode: Decode,
): Decode {
  const reported = new Set<string>()
  return (bytes, from, to, columns, row) => {
    try {
      return decode(bytes, from, to, columns, row)
    } catch (error) {
      const of = last.schema === '' ? '' : `, ${last.schema}`
      const why = `the decoder failed (${placeOfError(error)}${of})`
      if (!reported.has(why) && reported.size < MOST_REPORTED) {
        reported.add(why)
        onError(`messages are rejected as malformed: ${why}; report this error`)
      }
      return last.reject(MALFORMED, why)
    }
  }
}
