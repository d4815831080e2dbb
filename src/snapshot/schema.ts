// The shape of a snapshot, in one place: type, validation, JSON schema and API documentation.
import { APPLICATIONS, DIRECTIONS } from '../record/columns.ts'
import { z } from '../schema.ts'
import { SUM_FIELDS, type SumField } from '../subscriber/aggregate.ts'
import {
  DISTRIBUTION_METRICS,
  featureRow,
  FEATURES,
  METRIC_FIELDS,
  METRICS,
  QUANTILES,
  SCALINGS,
  type Feature,
} from './metrics.ts'
import { positionSchema } from './position-schema.ts'

/** A whole number from 0. */
export const count = z.number().int().nonnegative()
/** A number from 0. */
export const amount = z.number().nonnegative()

/** An object with the same schema under each of some keys. */
export const underEach = <Key extends string, Schema extends z.ZodType>(
  keys: readonly Key[],
  schema: (key: Key) => Schema,
) => z.object(Object.fromEntries(keys.map((key) => [key, schema(key)])) as Record<Key, Schema>)

/** One of SCALINGS. */
export type Scaling = (typeof SCALINGS)[number]

const SESSIONS = 'records with a Bearer Id; 0 means nothing where `notInData` has that column'
const COUNTED: ReadonlySet<string> = new Set<SumField>(['records', 'sessions'])

/** A sum of an aggregate or an hour. */
const sumSchema = (field: SumField) => {
  const schema = COUNTED.has(field) ? count : amount
  return field === 'sessions' ? schema.describe(SESSIONS) : schema
}

/** All sums that belong to no application. */
export const sumsSchema = underEach(SUM_FIELDS, sumSchema)

/** Download and upload of an application. */
export const directionsSchema = underEach(
  DIRECTIONS.map(({ key }) => key),
  () => amount,
)

/** The total of each metric. */
export const metricsSchema = underEach(METRICS, (metric) => {
  const schema = featureRow(metric).unit === 'count' ? count : amount
  return metric === 'sessions' ? schema.describe(SESSIONS) : schema
})

const topList = z
  .array(z.object({ msisdn: count, value: amount }))
  .describe('largest value first, equal values by ascending MSISDN')

const histogram = z.object({
  edges: z
    .array(z.number())
    .describe('one more than counts; a bin holds lower edge <= value < upper edge'),
  counts: z.array(count),
})

const distribution = z.object({
  min: amount,
  max: amount,
  mean: amount,
  quantiles: underEach(QUANTILES, () => amount).describe('by nearest rank, exact'),
  linear: histogram.describe('30 bins of equal width; the last includes the largest value'),
  log: histogram.describe('a bin for 0, then bins in steps of 1, 2, 5 times powers of ten'),
})

const metricSummary = z.object({ min: amount, max: amount, mean: amount, total: amount })

const sample = underEach(METRIC_FIELDS, (field) => z.array(sumSchema(field))).describe(
  'some subscribers of the segment, the same in each list, for a scatter plot',
)

const segment = z.object({
  name: z.string().describe('segments are listed from least to most engaged'),
  subscribers: count,
  share: z.number().min(0).max(1).describe('of all subscribers'),
  centroid: z.record(z.string(), z.number()).describe('value per feature, in its own unit'),
  centroidScaled: z.record(z.string(), z.number()).describe('value per feature, after scaling'),
  metrics: underEach(METRICS, () => metricSummary),
  sample,
})

const application = z.object({
  name: z.enum(APPLICATIONS),
  ...directionsSchema.shape,
  trafficBytes: amount,
  share: z.number().min(0).max(1).describe('of all application traffic'),
  subscribers: count.describe('subscribers with traffic in it'),
  top: topList,
})

/** A snapshot, as `report --json` and the API return it. */
export const snapshotSchema = z.object({
  number: count.describe('commits of the state it was read from'),
  subscribers: count,
  splitSubscribers: count.describe(
    'of `subscribers`: those in more than one partition, each with the sums over its partitions',
  ),
  records: count,
  ...metricsSchema.shape,
  distribution: underEach(DISTRIBUTION_METRICS, () => distribution),
  top: underEach(METRICS, () => topList),
  applications: z
    .array(application)
    .describe('a number whose columns are in `notInData` is 0 and means nothing'),
  topApplications: z.array(z.enum(APPLICATIONS)).describe('the three with the most traffic'),
  segments: z.object({
    features: z.array(z.enum(FEATURES)).describe('those asked for that the data has'),
    scaling: z.enum(SCALINGS),
    scale: z
      .record(z.string(), z.object({ offset: z.number(), factor: z.number() }))
      .describe('per feature: a value is scaled to (value - offset) × factor'),
    k: count.describe('segments found, at most the number of distinct points'),
    inertia: amount.describe('sum of squared distances to the nearest centroid, after scaling'),
    iterations: count,
    text: z.string(),
    segments: z.array(segment),
  }),
  elbow: z.object({
    k: z.array(count),
    inertia: z.array(amount),
    knee: count
      .nullable()
      .describe('k of the point farthest below the chord; null without such a point'),
    text: z.string(),
  }),
  hours: z.array(
    z.object({
      startMs: z
        .number()
        .nullable()
        .describe('start of the hour, since 1970; null: no readable Start'),
      ...sumsSchema.shape,
      applications: z.array(directionsSchema),
    }),
  ),
  positions: z.array(positionSchema),
  rejected: z.record(z.string(), count).describe('rejected rows per reason'),
  coerced: z.record(z.string(), count).describe('rounded or unreadable values per column'),
  missing: z.record(z.string(), count).describe('missing values per column'),
  notInData: z
    .array(z.string())
    .describe(
      'used columns that no record has a value of: numbers that depend on them are 0 and mean nothing, ' +
        'their top lists are empty, and they are no features of segments',
    ),
})

/** A snapshot. */
export type Snapshot = z.infer<typeof snapshotSchema>
/** An entry of a top list. */
export type TopEntry = z.infer<typeof topList>[number]
/** The distribution of a metric over subscribers. */
export type Distribution = z.infer<typeof distribution>
/** The sums of an hour. */
export type Hour = Snapshot['hours'][number]
/** How far a source is read. */
export type Position = Snapshot['positions'][number]
/** A segment of a snapshot. */
export type Segment = z.infer<typeof segment>
/** Inertia by the number of segments. */
export type ElbowCurve = Snapshot['elbow']

/** The parts of a snapshot that are copied from the state. */
export type StateSummary = Pick<
  Snapshot,
  'number' | 'hours' | 'positions' | 'rejected' | 'coerced' | 'missing'
>

/** The options of a snapshot. */
export interface SnapshotOptions {
  features: readonly Feature[]
  scaling: Scaling
  /** The number of segments, or `auto` for the knee of the elbow. */
  k: number | 'auto'
  /** Length of every top list. */
  top: number
  seed: number
  /** Applications that `topApplications` leaves out. */
  excludeApplications: readonly string[]
}

/**
 * The phases of computing a snapshot. top: totals, top lists, applications, distributions; elbow:
 * the tree and all k; kmeans: the rest.
 */
export type Phase = 'top' | 'scale' | 'elbow' | 'kmeans'
