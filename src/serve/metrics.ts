// The Prometheus exposition: the one door to the client library.
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type Metric,
} from '@prometheus-io/client'
import type { IngestProgress } from '../../consumers/progress.ts'
import { assert } from '../errors.ts'
import { CATALOGUE, PREFIX, type CatalogueRow, type MetricName } from './catalogue.ts'
import { ingestSamples, processSamples, type Sample } from './samples.ts'
import { snapshotSamples } from './snapshot-samples.ts'
import type { PipelineView, Published, SnapshotTimings } from './view.ts'

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
  for (const phase of PHASES) zero('snapshot_seconds', { phase })
  return {
    add(name, amount, labels = {}) {
      const metric = instruments.get(name)
      assert(metric instanceof Counter || metric instanceof Gauge, `${name} can be added to`)
      metric.inc(labels, amount)
    },
    observe,
    zero,
    async exposition() {
      refresh()
      return `${await registry.metrics()}\n${await processMetrics().metrics()}`
    },
    contentType: registry.contentType,
    stop: observeView(view, observe),
  }
}

/**
 * Observes each batch, commit and phase once, as messages come: a message or a snapshot that
 * is announced twice is the same object, and counts once.
 */
function observeView(
  view: PipelineView,
  observe: (name: MetricName, value: number, labels?: Labels) => void,
): () => void {
  let lastProgress: IngestProgress | null = null
  let lastPublished: Published | null = null
  const look = (): void => {
    const progress = view.progress()
    if (progress !== null && progress !== lastProgress) {
      const { batchFoldSeconds, batchRecords, commitSeconds, flushSeconds } = progress.observations
      for (const value of batchFoldSeconds) observe('batch_fold_seconds', value)
      for (const value of batchRecords) observe('batch_records', value)
      for (const value of commitSeconds) observe('store_commit_seconds', value)
      for (const value of flushSeconds) observe('store_flush_seconds', value)
      lastProgress = progress
    }
    const published = view.published()
    if (published !== null && published !== lastPublished) {
      for (const phase of PHASES) observe('snapshot_seconds', published.timings[phase], { phase })
      lastPublished = published
    }
  }
  look()
  return view.subscribe(look)
}

function currentSamples(view: PipelineView): Sample[] {
  const build = {
    version: view.version,
    revision: view.revision ?? 'unknown',
    nodeVersion: process.version,
  }
  return [
    ...processSamples(build, view.runs()),
    ...ingestSamples(view.progress()),
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
