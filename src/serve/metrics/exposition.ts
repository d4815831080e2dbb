// The Prometheus exposition of the catalogue; the only file that imports the client library.
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
import { columnsNotIn } from '../../snapshot/not-in-data.ts'
import { brokenByProgress, brokenBySnapshot, CHECKS } from '../health/invariants.ts'
import { allCounters, countersBySource } from '../health/source-counters.ts'
import type { PipelineView, Published } from '../view.ts'
import { CATALOGUE, PREFIX, type EventName } from './catalogue.ts'
import type { MetricRow, Reading } from './row.ts'
import { PHASES } from './snapshot-metrics.ts'

type Labels = Record<string, string>

/** The metrics of one server. Names are those of the catalogue, without prefix. */
export interface Metrics {
  /** Adds to a counter, or to a gauge; a gauge may also be lowered. */
  add(name: EventName, amount: number, labels?: Labels): void
  /** Adds an observation to a histogram. */
  observe(name: EventName, value: number, labels?: Labels): void
  /** Creates a series of a histogram with 0 observations. */
  zero(name: EventName, labels: Labels): void
  /** All metrics as of now, in the text format. */
  exposition(): Promise<string>
  contentType: string
  /** Unsubscribes from the pipeline. */
  stop(): void
}

/** Default metrics that promtool rejects: a gauge named `_total`, a type in a name. */
const REFUSED_DEFAULTS = /^nodejs_(active_\w+_total|eventloop_utilization_(summary|histogram))$/

/** `process_*` and `nodejs_*` belong to the process; several servers share them. */
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

/** The metrics of a view: some are read at each scrape, the others follow its events. */
export function createMetrics(view: PipelineView): Metrics {
  const registry = new Registry()
  const instruments = new Map<string, Metric<string>>(
    CATALOGUE.map((row) => [row.name, instrument(row, registry)]),
  )
  const histogramOf = (name: string): Histogram<string> => {
    const metric = instruments.get(name)
    assert(metric instanceof Histogram, `${name} is a histogram`)
    return metric
  }
  const observe = (name: string, value: number, labels: Labels = {}): void =>
    histogramOf(name).observe(labels, value)
  const add = (name: EventName, amount: number, labels: Labels = {}): void => {
    const metric = instruments.get(name)
    assert(metric instanceof Counter || metric instanceof Gauge, `${name} is a counter or gauge`)
    metric.inc(labels, amount)
  }
  const zero = (name: EventName, labels: Labels): void => histogramOf(name).zero(labels)
  const violate = (check: string): void => add('store_invariant_violations_total', 1, { check })
  for (const phase of PHASES) zero('snapshot_seconds', { phase })
  for (const check of CHECKS) add('store_invariant_violations_total', 0, { check })
  return {
    add,
    observe,
    zero,
    async exposition() {
      const now = readingOf(view)
      for (const row of CATALOGUE) write(instruments.get(row.name)!, row, now)
      return `${await registry.metrics()}\n${await processMetrics().metrics()}`
    },
    contentType: registry.contentType,
    stop: followView(view, {
      progress(progress) {
        observeIngest(progress.observations, observe)
        brokenByProgress(progress).forEach(violate)
      },
      snapshot({ snapshot, timings }) {
        for (const phase of PHASES) observe('snapshot_seconds', timings[phase], { phase })
        brokenBySnapshot(snapshot).forEach(violate)
      },
    }),
  }
}

function observeIngest(
  observations: IngestObservations,
  observe: (name: string, value: number) => void,
): void {
  for (const { name, observed } of CATALOGUE) {
    for (const value of observed?.(observations) ?? []) observe(name, value)
  }
}

/**
 * Calls back with each message and each snapshot once, as a repeated notification has the same
 * objects. Returns a function that unsubscribes.
 */
function followView(
  view: PipelineView,
  listener: { progress(progress: IngestProgress): void; snapshot(published: Published): void },
): () => void {
  let lastObservations: IngestObservations | null = null
  let lastPublished: Published | null = null
  const look = (): void => {
    const progress = view.progress()
    if (progress !== null && progress.observations !== lastObservations) {
      lastObservations = progress.observations
      listener.progress(progress)
    }
    const published = view.published()
    if (published !== null && published !== lastPublished) {
      lastPublished = published
      listener.snapshot(published)
    }
  }
  look()
  return view.subscribe(look)
}

function readingOf(view: PipelineView): Reading {
  const progress = view.progress()
  const counters = allCounters(progress)
  const published = view.published()
  return {
    view,
    progress,
    counters,
    sources: countersBySource(progress),
    consumer: progress?.consumer ?? null,
    published,
    notInData: published?.snapshot.notInData ?? columnsNotIn(counters.applied, counters.missing),
  }
}

function instrument(row: MetricRow, registry: Registry): Metric<string> {
  const shape = {
    name: PREFIX + row.name,
    help: row.help,
    labelNames: [...row.labels],
    registers: [registry],
  }
  if (row.type === 'histogram') return new Histogram({ ...shape, buckets: [...row.buckets] })
  return row.type === 'counter' ? new Counter(shape) : new Gauge(shape)
}

/** Replaces all series of a metric that is read at a scrape; series that are gone disappear. */
function write(metric: Metric<string>, { name, labels, read }: MetricRow, now: Reading): void {
  if (read === null) return
  assert(metric instanceof Counter || metric instanceof Gauge, `${name} is a counter or gauge`)
  metric.reset()
  const found = read(now)
  const series = typeof found === 'number' ? [[found] as const] : found
  for (const each of series) {
    const value = each[each.length - 1] as number
    const named = Object.fromEntries(labels.map((label, at) => [label, each[at] as string]))
    if (metric instanceof Counter) metric.inc(named, value)
    else metric.set(named, value)
  }
}
