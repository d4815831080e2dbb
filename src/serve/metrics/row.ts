// One row of the catalogue of metrics: name, type, help, labels, and how its values are obtained.
import type {
  ConsumerProgress,
  IngestCounters,
  IngestObservations,
  IngestProgress,
} from '../../../consumers/ingest/progress.ts'
import type { Source } from '../health/source-counters.ts'
import type { PipelineView, Published } from '../view.ts'

/** What a scrape is answered from: the pipeline as of now. Null: nothing was reported yet. */
export interface Reading {
  view: PipelineView
  progress: IngestProgress | null
  /** Counters of all sources together, 0 before the first message. */
  counters: IngestCounters
  /** Counters of each source. */
  sources: Record<Source, IngestCounters>
  consumer: ConsumerProgress | null
  published: Published | null
  /** Columns without any value: what depends on them has no series. */
  notInData: string[]
}

/** A series of a metric: the values of its labels in their order, then its value. */
export type Series = readonly [...labels: string[], value: number]

/** The series of a metric as of now; a number for a metric without labels. */
export type Read = (now: Reading) => number | readonly Series[]

/** A metric. Labels are bounded by construction: never an MSISDN, a file name or a message. */
export interface MetricRow<Name extends string = string> {
  /** Without the prefix. */
  name: Name
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  /** Upper bounds of a histogram; empty for other types. */
  buckets: readonly number[]
  /** Reads a metric whose values are set at each scrape. */
  read: Read | null
  /** Selects the observations of a histogram in a message of ingest. */
  observed: ((observations: IngestObservations) => readonly number[]) | null
}

/** A metric that events add to, by its name. */
export interface EventRow<Name extends string = string> extends MetricRow<Name> {
  read: null
}

/** How a metric is read at a scrape, after its labels where it has some. */
type Reads = [read: Read] | [labels: readonly string[], read: Read]

const readRow = <N extends string>(
  name: N,
  type: MetricRow['type'],
  help: string,
  reads: Reads,
): MetricRow<N> => {
  const [labels, read] = reads.length === 1 ? [[], reads[0]] : reads
  return { ...eventRow(name, type, help, labels), read }
}

/** A gauge that is read at each scrape. */
export const gauge = <const N extends string>(
  name: N,
  help: string,
  ...reads: Reads
): MetricRow<N> => readRow(name, 'gauge', help, reads)

/** A counter that is read at each scrape. */
export const counter = <const N extends string>(
  name: N,
  help: string,
  ...reads: Reads
): MetricRow<N> => readRow(name, 'counter', help, reads)

/** A gauge that events raise and lower. */
export const eventGauge = <const N extends string>(name: N, help: string): EventRow<N> =>
  eventRow(name, 'gauge', help, [])

/** A counter that events add to. */
export const eventCounter = <const N extends string>(
  name: N,
  help: string,
  labels: readonly string[] = [],
): EventRow<N> => eventRow(name, 'counter', help, labels)

/** A histogram of the observations that `observed` selects, or of events. */
export const histogram = <const N extends string>(
  name: N,
  help: string,
  buckets: readonly number[],
  observed: MetricRow['observed'] = null,
  labels: readonly string[] = [],
): EventRow<N> => ({ ...eventRow(name, 'histogram', help, labels), buckets, observed })

const eventRow = <N extends string>(
  name: N,
  type: MetricRow['type'],
  help: string,
  labels: readonly string[],
): EventRow<N> => ({ name, type, help, labels, buckets: [], read: null, observed: null })

/** The end of the help of a metric that depends on columns which a source may lack. */
export const ABSENT = 'Without a series where the columns are not in the data.'

/** Bounds in seconds, from a fraction of a batch to a stalled disk. */
export const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]

/** A series for each key of `known` and of `found`, with its count or 0. */
export function enumerated(known: readonly string[], found: Record<string, number>): Series[] {
  const keys = new Set([...known, ...Object.keys(found)])
  return [...keys].map((key) => [key, found[key] ?? 0])
}
