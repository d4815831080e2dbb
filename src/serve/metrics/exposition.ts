// The Prometheus exposition: the one door to the client library.
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type Metric,
} from '@prometheus-io/client'
import type { IngestObservations, IngestProgress } from '../../../consumers/ingest/progress.ts'
import { assert } from '../../errors.ts'
import { CATALOGUE, PREFIX, type CatalogueRow, type MetricName } from './catalogue.ts'
import { consumerSamples } from './consumer-samples.ts'
import { brokenByProgress, brokenBySnapshot, CHECKS } from '../health/invariants.ts'
import { ingestSamples, processSamples, type Sample } from './ingest-samples.ts'
import { snapshotSamples } from './snapshot-samples.ts'
import type { PipelineView, Published, SnapshotTimings } from '../view.ts'

type Labels = Record<string, string>

/** The metrics of one server. Names are those of the catalogue, without prefix. */
export interface Metrics {
  /** Adds to a counter, or to a gauge that goes up and down. */
  add(name: MetricName, amount: number, labels?: Labels): void
  /** One observation of a histogram. */
  observe(name: MetricName, value: number, labels?: Labels): void
  /** Makes a series of a histogram exist with 0 observations. */
  zero(name: MetricName, labels: Labels): void
  /** Everything as text, as of now. */
  exposition(): Promise<string>
  contentType: string
  /** Ends listening to the pipeline. */
  stop(): void
}

/** Metrics of Node's own that promtool refuses: a gauge named `_total`, a type in the name. */
const REFUSED_DEFAULTS = /^nodejs_(active_\w+_total|eventloop_utilization_(summary|histogram))$/

const PHASES: readonly (keyof SnapshotTimings)[] = [
  'scan',
  'scale',
  'kmeans',
  'elbow',
  'top',
  'publish',
]

/** `process_*` and `nodejs_*` are of the process: made once, however many servers there are. */
let processRegistry: Registry | null = null

function processMetrics(): Registry {
  if (processRegistry === null) {
    processRegistry = new Registry()
    collectDefaultMetrics({ register: processRegistry })
    for (const { name } of processRegistry.getMetricsAsArray()) {
      if (REFUSED_DEFAULTS.test(name)) processRegistry.removeSingleMetric(name)
    }
  }
  return processRegistry
}

/** The metrics of `view`: what it holds is read at each scrape, what it tells is added up. */
export function createMetrics(view: PipelineView): Metrics {
  const registry = new Registry()
  const instruments = new Map<MetricName, Metric<string>>(
    CATALOGUE.map((row) => [row.name, instrument(row, registry)]),
  )
  const refresh = (): void => {
    for (const row of CATALOGUE) {
      if (row.origin === 'scrape') instruments.get(row.name)!.reset()
    }
    for (const each of currentSamples(view)) write(instruments.get(each.name)!, each)
  }
  const observe = (name: MetricName, value: number, labels: Labels = {}): void => {
    const metric = instruments.get(name)
    assert(metric instanceof Histogram, `${name} is a histogram`)
    metric.observe(labels, value)
  }
  const zero = (name: MetricName, labels: Labels): void => {
    const metric = instruments.get(name)
    assert(metric instanceof Histogram, `${name} is a histogram`)
    metric.zero(labels)
  }
  const add = (name: MetricName, amount: number, labels: Labels = {}): void => {
    const metric = instruments.get(name)
    assert(metric instanceof Counter || metric instanceof Gauge, `${name} can be added to`)
    metric.inc(labels, amount)
  }
  for (const phase of PHASES) zero('snapshot_seconds', { phase })
  for (const check of CHECKS) add('store_invariant_violations_total', 0, { check })
  return {
    add,
    observe,
    zero,
    async exposition() {
      refresh()
      return `${await registry.metrics()}\n${await processMetrics().metrics()}`
    },
    contentType: registry.contentType,
    stop: followView(view, {
      progress(progress) {
        observeIngest(progress.observations, observe)
        for (const check of brokenByProgress(progress)) {
          add('store_invariant_violations_total', 1, { check })
        }
      },
      snapshot({ snapshot, timings }) {
        for (const phase of PHASES) observe('snapshot_seconds', timings[phase], { phase })
        for (const check of brokenBySnapshot(snapshot)) {
          add('store_invariant_violations_total', 1, { check })
        }
      },
    }),
  }
}

function observeIngest(
  observations: IngestObservations,
  observe: (name: MetricName, value: number) => void,
): void {
  const { batchFoldSeconds, batchRecords, commitSeconds, flushSeconds } = observations
  for (const value of batchFoldSeconds) observe('batch_fold_seconds', value)
  for (const value of batchRecords) observe('batch_records', value)
  for (const value of commitSeconds) observe('store_commit_seconds', value)
  for (const value of flushSeconds) observe('store_flush_seconds', value)
  for (const value of observations.visibleLatencySeconds) {
    observe('record_visible_latency_seconds', value)
  }
}

/**
 * Hands on each message and each snapshot once, as they come: what is announced twice holds the same
 * objects. Returns how to stop that.
 */
function followView(
  view: PipelineView,
  told: { progress(progress: IngestProgress): void; snapshot(published: Published): void },
): () => void {
  let lastObservations: IngestObservations | null = null
  let lastPublished: Published | null = null
  const look = (): void => {
    const progress = view.progress()
    if (progress !== null && progress.observations !== lastObservations) {
      lastObservations = progress.observations
      told.progress(progress)
    }
    const published = view.published()
    if (published !== null && published !== lastPublished) {
      lastPublished = published
      told.snapshot(published)
    }
  }
  look()
  return view.subscribe(look)
}

function currentSamples(view: PipelineView): Sample[] {
  const progress = view.progress()
  const build = {
    version: view.version,
    revision: view.revision ?? 'unknown',
    nodeVersion: process.version,
  }
  return [
    ...processSamples(build, view),
    ...ingestSamples(progress),
    ...consumerSamples(progress?.consumer ?? null),
    ...snapshotSamples(view.published()),
  ]
}

function instrument(row: CatalogueRow, registry: Registry): Metric<string> {
  const shape = {
    name: PREFIX + row.name,
    help: row.help,
    labelNames: [...row.labels],
    registers: [registry],
  }
  if (row.type === 'histogram') return new Histogram({ ...shape, buckets: [...row.buckets] })
  return row.type === 'counter' ? new Counter(shape) : new Gauge(shape)
}

function write(metric: Metric<string>, { labels, value, name }: Sample): void {
  if (metric instanceof Counter) metric.inc(labels, value)
  else if (metric instanceof Gauge) metric.set(labels, value)
  else assert(false, `${name} can be set`)
}
