// The shape of the status, for the documentation of the API; further fields may be added.
import { DURATION_UNITS } from '../../record/duration-unit.ts'
import { LIFE_STATES } from '../../../consumers/ingest/progress.ts'
import { z } from '../../schema.ts'
import { snapshotSchema } from '../../snapshot/schema.ts'

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()
const moment = amount.nullable().describe('milliseconds since 1970')
const counts = z.record(z.string(), count)

const counters = z
  .looseObject({
    rows: count.describe('rows read: applied + duplicate + excluded + rejected'),
    applied: count,
    duplicate: count.describe('at positions that an earlier run had already applied or rejected'),
    excluded: count.describe('valid rows that the other source of a cut-over covers'),
    rejected: counts,
    coerced: counts,
    missing: counts,
    durationMs: amount,
    commits: count,
    consumedBytes: amount,
  })
  .describe('since the start of the process')

/** The response of `/api/v1/status`. */
export const statusSchema = z.looseObject({
  state: z.enum(LIFE_STATES),
  notReady: z.string().nullable().describe('why the pipeline is not ready; null when it is'),
  version: z.string(),
  startedAtMs: amount,
  uptimeSeconds: z.number(),
  snapshotNumber: count.nullable().describe('of the last snapshot'),
  snapshotAtMs: moment,
  rowsPerSecond: amount,
  etaSeconds: amount.nullable().describe('until all rows are read'),
  counters: counters.nullable(),
  totalRows: count,
  progress: z.number().nullable().describe('share of the rows that is read, 0 to 1'),
  subscribers: count,
  dirtySubscribers: count.describe('changed since the last commit'),
  lastDurableMs: moment,
  eventTimeMs: moment.describe('Start of the last row, where rows come in its order'),
  done: z.boolean(),
  kafka: z.looseObject({ topic: z.string() }).nullable().describe('null when the source is files'),
  consumer: z.looseObject({}).nullable().describe('partitions, offsets and lag of the consumer'),
  replica: z
    .looseObject({})
    .nullable()
    .describe('the checkpoint that each partition of a replica has, who published it, and when'),
  restoreSeconds: amount.nullable(),
  store: z
    .looseObject({ fileBytes: amount, usedBytes: amount, volumeFreeBytes: amount })
    .nullable(),
  sources: z.array(z.looseObject({ name: z.string(), durationUnit: z.enum(DURATION_UNITS) })),
  positions: snapshotSchema.shape.positions.describe('of the last snapshot'),
  splitSubscribers: count
    .nullable()
    .describe('of the last snapshot: subscribers in more than one partition, which are summed'),
  runs: z.looseObject({ success: count, failure: count, skipped: count, intervalSeconds: amount }),
  timings: z.record(z.string(), amount).nullable().describe('seconds of each phase of a snapshot'),
  options: z.record(z.string(), z.unknown()).describe('in force, without secrets'),
})
