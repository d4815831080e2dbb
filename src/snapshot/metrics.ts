// The metrics of a subscriber: one table, from which schema, scan, ranks, report, exports and page follow.
import { APPLICATIONS } from '../record/columns.ts'
import { downlinkField, FIELD, SUM_FIELDS, uplinkField } from '../subscriber/aggregate.ts'
import type { SumField, Sums } from '../subscriber/aggregate.ts'

/** The unit of a metric's values. */
export type Unit = 'count' | 'ms' | 'bytes'

/** What a metric or feature is called and how its values are shown. */
interface Named {
  key: string
  /** The name at the head of a column. */
  label: string
  unit: Unit
  /** What follows a value in a sentence; of a count the singular. */
  phrase: string
}

/** A metric is a sum of fields of the aggregate, hence a whole number with an exact total. */
interface MetricShape extends Named {
  fields: readonly SumField[]
  /** Whether its distribution over subscribers is shown, in the snapshot and in Prometheus. */
  distribution: boolean
}

/** Metrics have top lists and ranks, and are summed per segment. Each is also a feature. */
export const METRIC_TABLE = [
  {
    key: 'sessions',
    label: 'Sessions',
    unit: 'count',
    phrase: 'session',
    fields: ['sessions'],
    distribution: true,
  },
  {
    key: 'durationMs',
    label: 'Session duration',
    unit: 'ms',
    phrase: 'online',
    fields: ['durationMs'],
    distribution: true,
  },
  {
    key: 'trafficBytes',
    label: 'Traffic',
    unit: 'bytes',
    phrase: 'of traffic',
    fields: ['downlinkBytes', 'uplinkBytes'],
    distribution: true,
  },
  {
    key: 'downlinkBytes',
    label: 'Download',
    unit: 'bytes',
    phrase: 'downloaded',
    fields: ['downlinkBytes'],
    distribution: false,
  },
  {
    key: 'uplinkBytes',
    label: 'Upload',
    unit: 'bytes',
    phrase: 'uploaded',
    fields: ['uplinkBytes'],
    distribution: false,
  },
] as const satisfies readonly MetricShape[]

type MetricRow = (typeof METRIC_TABLE)[number]

/** The key of a metric. */
export type Metric = MetricRow['key']

/** The key of a metric whose distribution is shown. */
export type DistributionMetric = Extract<MetricRow, { distribution: true }>['key']

/** Features of k-means that are the ratio of two metrics; 0 where the lower one is 0. */
export const RATIO_TABLE = [
  {
    key: 'meanSessionDurationMs',
    label: 'Mean session duration',
    unit: 'ms',
    phrase: 'per session',
    of: 'durationMs',
    per: 'sessions',
  },
] as const satisfies readonly (Named & { of: Metric; per: Metric })[]

/** What k-means can cluster by: a metric or a ratio. */
export type Feature = Metric | (typeof RATIO_TABLE)[number]['key']

/** The metrics in the order of tables and lists. */
export const METRICS: readonly Metric[] = METRIC_TABLE.map(({ key }) => key)

/** The metrics whose distribution is shown. */
export const DISTRIBUTION_METRICS: readonly DistributionMetric[] = METRIC_TABLE.filter(
  (row) => row.distribution,
).map(({ key }) => key)

/** The features in the order of tables. */
export const FEATURES: readonly Feature[] = [...METRICS, ...RATIO_TABLE.map(({ key }) => key)]

/** A feature with the fields it is computed from. */
export interface FeatureRow extends Named {
  /** Their sum is the value of a metric, the upper part of a ratio. */
  fields: readonly KeptField[]
  /** Their sum is the lower part of a ratio; empty for a metric. */
  per: readonly KeptField[]
}

/** A field that some metric is computed from. */
export type MetricField = MetricRow['fields'][number]
/** A field that is kept for each subscriber while a snapshot is computed. */
export type KeptField = 'msisdn' | MetricField

const fieldsOf = (metric: Metric): readonly MetricField[] =>
  METRIC_TABLE.find(({ key }) => key === metric)!.fields

const ROWS: ReadonlyMap<Feature, FeatureRow> = new Map<Feature, FeatureRow>([
  ...METRIC_TABLE.map((row) => [row.key, { ...row, per: [] }] as const),
  ...RATIO_TABLE.map(
    (row) => [row.key, { ...row, fields: fieldsOf(row.of), per: fieldsOf(row.per) }] as const,
  ),
])

/** Label, unit and fields of a feature. */
export const featureRow = (feature: Feature): FeatureRow => ROWS.get(feature)!

/** The name of a feature at the head of a column. */
export const labelOf = (feature: Feature): string => featureRow(feature).label

/** The fields that metrics are computed from, each once, in the order of the table. */
export const METRIC_FIELDS: readonly MetricField[] = [
  ...new Set(METRIC_TABLE.flatMap(({ fields }) => fields)),
]

/** The places in a row whose sum is a metric, in the order of METRICS. */
export const METRIC_PLACES: readonly (readonly number[])[] = METRIC_TABLE.map(({ fields }) =>
  fields.map((field) => FIELD[field]),
)

/** A value of a feature from the sums of its fields and of its lower part. */
export const ratioOf = (value: number, per: number): number => (per > 0 ? value / per : 0)

/** The sum of the numbers at some places of the row that starts at `offset`. */
export function sumAt(rows: Float64Array, offset: number, places: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < places.length; i++) sum += rows[offset + places[i]]
  return sum
}

/** Reads a feature from the row of an aggregate that starts at `offset`. */
export type FeatureReader = (rows: Float64Array, offset: number) => number

/** The reader of a feature. */
export function readerOf(feature: Feature): FeatureReader {
  const { fields, per } = featureRow(feature)
  const [above, below] = [fields, per].map((names) => names.map((name) => FIELD[name]))
  if (below.length === 0) return (rows, offset) => sumAt(rows, offset, above)
  return (rows, offset) => ratioOf(sumAt(rows, offset, above), sumAt(rows, offset, below))
}

/** One aggregate by names, as it is shown: the fields of its row and all metrics. */
export interface Aggregate extends Sums, Record<Metric, number> {
  msisdn: number
  applications: { name: string; downlinkBytes: number; uplinkBytes: number }[]
  /** Milliseconds since 1970; null without a readable time. */
  firstStartMs: number | null
  lastEndMs: number | null
}

const METRIC_READERS = METRICS.map((metric) => [metric, readerOf(metric)] as const)

/** The aggregate in the row that starts at `offset`. */
export function aggregateAt(rows: Float64Array, offset: number): Aggregate {
  const at = (field: number): number => rows[offset + field]
  return {
    msisdn: at(FIELD.msisdn),
    ...(Object.fromEntries(SUM_FIELDS.map((name) => [name, at(FIELD[name])])) as Sums),
    ...(Object.fromEntries(
      METRIC_READERS.map(([metric, read]) => [metric, read(rows, offset)]),
    ) as Record<Metric, number>),
    applications: APPLICATIONS.map((name, application) => ({
      name,
      downlinkBytes: at(downlinkField(application)),
      uplinkBytes: at(uplinkField(application)),
    })),
    firstStartMs: at(FIELD.firstStartMs) || null,
    lastEndMs: at(FIELD.lastEndMs) || null,
  }
}

/** The scalings of features before k-means: see `fitScale`. */
export const SCALINGS = ['min-max', 'z-score', 'robust'] as const

/** The quantiles of a distribution: `p`, then per cent. */
export const QUANTILES = ['p01', 'p10', 'p25', 'p50', 'p75', 'p90', 'p99'] as const
