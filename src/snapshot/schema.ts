// The shape of a snapshot, in one place: type, validation, JSON schema and API documentation.
import { APPLICATIONS } from '../record/columns.ts'
import { z } from '../schema.ts'

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()

/** Metrics of a subscriber by which tops, ranks and segments are made. */
export const METRICS = [
  'sessions',
  'durationMs',
  'trafficBytes',
  'downlinkBytes',
  'uplinkBytes',
] as const
export type Metric = (typeof METRICS)[number]

/** Metrics whose distribution over subscribers is shown. */
export const DISTRIBUTION_METRICS = ['sessions', 'durationMs', 'trafficBytes'] as const

/** What k-means may look at. */
export const FEATURES = [...METRICS, 'meanSessionDurationMs'] as const
export type Feature = (typeof FEATURES)[number]

/** min-max: to [0, 1]; z-score: mean 0, deviation 1; robust: median 0, interquartile range 1. */
export const SCALINGS = ['min-max', 'z-score', 'robust'] as const
export type Scaling = (typeof SCALINGS)[number]

const topList = z
  .array(z.object({ msisdn: count, value: amount }))
  .describe('largest first; equal values by smaller MSISDN first')

const histogram = z.object({
  edges: z.array(z.number()).describe('one more than counts; a bin holds lower <= value < upper'),
  counts: z.array(count),
})

const distribution = z.object({
  min: amount,
  max: amount,
  mean: amount,
  quantiles: z
    .object({
      p01: amount,
      p10: amount,
      p25: amount,
      p50: amount,
      p75: amount,
      p90: amount,
      p99: amount,
    })
    .describe('nearest rank, exact'),
  linear: histogram.describe('30 bins of equal width; the last includes the largest value'),
  log: histogram.describe('bins 0, then 1-2-5 steps'),
})

const metricSummary = z.object({ min: amount, max: amount, mean: amount, total: amount })

const byMetric = <T extends z.ZodType>(schema: T) =>
  z.object({
    sessions: schema,
    durationMs: schema,
    trafficBytes: schema,
    downlinkBytes: schema,
    uplinkBytes: schema,
  })

const sample = z
  .object({
    sessions: z.array(count),
    durationMs: z.array(amount),
    downlinkBytes: z.array(amount),
    uplinkBytes: z.array(amount),
  })
  .describe('some subscribers of the segment, the same ones in each list, to draw')

const segment = z.object({
  name: z.string().describe('from least to most engaged'),
  subscribers: count,
  share: z.number().min(0).max(1).describe('of all subscribers'),
  centroid: z.record(z.string(), z.number()).describe('feature to value in its own unit'),
  centroidScaled: z.record(z.string(), z.number()).describe('feature to value after scaling'),
  metrics: byMetric(metricSummary),
  sample,
})

const application = z.object({
  name: z.enum(APPLICATIONS),
  downlinkBytes: amount,
  uplinkBytes: amount,
  trafficBytes: amount,
  share: z.number().min(0).max(1).describe('of all application traffic'),
  subscribers: count.describe('that used it at all'),
  top: topList,
})

export const snapshotSchema = z.object({
  number: count.describe('commits in the state it was read from'),
  subscribers: count,
  records: count,
  sessions: count.describe('records with a Bearer Id'),
  durationMs: amount,
  downlinkBytes: amount,
  uplinkBytes: amount,
  trafficBytes: amount,
  distribution: z.object({
    sessions: distribution,
    durationMs: distribution,
    trafficBytes: distribution,
  }),
  top: byMetric(topList),
  applications: z.array(application),
  topApplications: z.array(z.enum(APPLICATIONS)).describe('the three most used, by traffic'),
  segments: z.object({
    features: z.array(z.enum(FEATURES)),
    scaling: z.enum(SCALINGS),
    scale: z
      .record(z.string(), z.object({ offset: z.number(), factor: z.number() }))
      .describe('feature to how it was scaled: (value - offset) × factor'),
    k: count.describe('segments found: at most the number of distinct points'),
    inertia: amount.describe('sum of squared distances to the nearest centroid, scaled'),
    iterations: count,
    text: z.string(),
    segments: z.array(segment),
  }),
  elbow: z.object({
    k: z.array(count),
    inertia: z.array(amount),
    knee: count.nullable().describe('k farthest from the chord, null without one'),
    text: z.string(),
  }),
  hours: z.array(
    z.object({
      startMs: z.number().nullable().describe('of the hour, since 1970; null: no readable Start'),
      records: count,
      sessions: count,
      durationMs: amount,
      downlinkBytes: amount,
      uplinkBytes: amount,
      applications: z.array(z.object({ downlinkBytes: amount, uplinkBytes: amount })),
    }),
  ),
  positions: z.array(
    z.object({
      source: z.string().describe("identity of the source: a file's content, not its path"),
      name: z.string(),
      partition: count,
      kind: z.enum(['file', 'topic']),
      next: count.describe('first row or offset that is not read yet'),
      rows: count.describe('in the source'),
      order: z.enum(['file', 'time', 'offset']),
      durationUnit: z.enum(['ms', 's']),
    }),
  ),
  rejected: z.record(z.string(), count).describe('reason to rows'),
  coerced: z.record(z.string(), count).describe('column to values rounded or no number'),
  missing: z.record(z.string(), count).describe('column to values missing'),
})

export type Snapshot = z.infer<typeof snapshotSchema>
export type TopEntry = Snapshot['top']['sessions'][number]
export type Distribution = Snapshot['distribution']['sessions']
export type Hour = Snapshot['hours'][number]
export type Position = Snapshot['positions'][number]
export type Segment = Snapshot['segments']['segments'][number]
export type ElbowCurve = Snapshot['elbow']

/** What a snapshot takes over from the state as it is. */
export type StateSummary = Pick<
  Snapshot,
  'number' | 'hours' | 'positions' | 'rejected' | 'coerced' | 'missing'
>

/** What may be chosen for a snapshot. */
export interface SnapshotOptions {
  features: readonly Feature[]
  scaling: Scaling
  /** Segments wanted, or `auto` for the knee of the elbow. */
  k: number | 'auto'
  /** Length of every top list. */
  top: number
  seed: number
  /** Left out of `topApplications`. */
  excludeApplications: readonly string[]
}

/** One subscriber against all others. */
export interface SubscriberView {
  aggregate: import('../subscriber/aggregate.ts').Aggregate
  /** 1 is the largest; equal values by smaller MSISDN first. */
  ranks: Record<Metric, number>
  subscribers: number
  segment: string | null
  /** Scaled distance to each centroid, in the order of the segments. */
  distances: { segment: string; distance: number }[]
}

/**
 * Phases of computing a snapshot. top: totals, top lists, applications, distributions; elbow: the
 * tree and all k; kmeans: the rest.
 */
export type Phase = 'top' | 'scale' | 'elbow' | 'kmeans'
