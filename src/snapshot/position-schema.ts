// The shape of a position in a snapshot: how far a source is read, and how.
import { DURATION_UNITS } from '../record/duration-unit.ts'
import { TIME_FORMATS } from '../record/formats/time-format.ts'
import { VOLUME_UNITS } from '../record/formats/volume-unit.ts'
import { z } from '../schema.ts'

const count = z.number().int().nonnegative()

/** How far a source is read in a partition. */
export const positionSchema = z.object({
  source: z.string().describe('identity of the source; of a file, that of its content'),
  name: z.string(),
  partition: count,
  kind: z.enum(['file', 'topic']),
  next: count.describe('the next row or offset to read'),
  rows: count.describe('rows of the source'),
  order: z.enum(['file', 'time', 'offset']),
  durationUnit: z.enum(DURATION_UNITS),
  timeFormat: z
    .enum(TIME_FORMATS)
    .nullable()
    .describe('order of day and month; null: no time has them before the year'),
  commaColumns: z.array(z.string()).describe('columns of text with a decimal comma'),
  volumeUnit: z.enum(VOLUME_UNITS),
  map: z.string().describe('columns under other names, as after --map; empty: none'),
  evidence: z.string().describe('why the units were chosen'),
})
