// A stand-in pipeline for tests of the server: a seeded snapshot, progress, and ways to push them.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { seededRandom, type Random } from '../../src/random.ts'
import { APPLICATIONS } from '../../src/record/columns.ts'
import type { PipelineView, Published } from '../../src/serve/view.ts'
import {
  snapshotSchema,
  type Distribution,
  type Segment,
  type Snapshot,
} from '../../src/snapshot/schema.ts'
import type { Aggregate, Metric } from '../../src/snapshot/metrics.ts'
import type { Subscriber } from '../../src/snapshot/subscriber-schema.ts'
import { PLAIN_UNITS } from '../../src/record/source-units.ts'

/** The first of every top list of a generated snapshot. */
export const CANARY_MSISDN = 33699999999

/** A subscriber, and the segment that it was drawn for. */
interface Person extends Aggregate {
  segment: number
}

const HOUR_MS = 3_600_000
const EVIDENCE = 'Dur. (ms) equals End - Start in seconds in 998 of 1,000 rows'
const SEGMENT_NAMES = ['least engaged', 'moderately engaged', 'most engaged']

/** A number of people in three groups, the last and smallest far above the others. */
function people(subscribers: number, random: Random): Person[] {
  return Array.from({ length: subscribers }, (_, index) => {
    const draw = random()
    const segment = index === 0 || draw > 0.97 ? 2 : draw > 0.7 ? 1 : 0
    const scale = [1, 4, 14][segment] * (0.3 + random())
    const sessions = Math.ceil(scale * 2 + (index === 0 ? 400 : 0))
    const applications = APPLICATIONS.map((name, application) => ({
      name,
      downlinkBytes: Math.round(
        scale * random() * [3, 9, 2, 22, 21, 380, 390][application] * 1e6 * (index === 0 ? 9 : 1),
      ),
      uplinkBytes: Math.round(scale * random() * [0.1, 4, 1, 22, 22, 16, 16][application] * 1e6),
    }))
    const downlinkBytes = applications.reduce((sum, each) => sum + each.downlinkBytes, 0)
    const uplinkBytes = applications.reduce((sum, each) => sum + each.uplinkBytes, 0)
    return {
      msisdn: index === 0 ? CANARY_MSISDN : 33600000000 + Math.floor(random() * 9e7),
      records: sessions + (draw < 0.02 ? 1 : 0),
      sessions,
      durationMs: Math.round(sessions * (0.5 + random()) * 27 * HOUR_MS),
      downlinkBytes,
      uplinkBytes,
      trafficBytes: downlinkBytes + uplinkBytes,
      applications,
      firstStartMs: Date.UTC(2019, 3, 4),
      lastEndMs: Date.UTC(2019, 3, 30),
      segment,
    }
  })
}

const total = (values: number[]): number => values.reduce((sum, value) => sum + value, 0)

function summary(values: number[]): Segment['metrics']['sessions'] {
  if (values.length === 0) return { min: 0, max: 0, mean: 0, total: 0 }
  const sum = total(values)
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    mean: sum / values.length,
    total: sum,
  }
}

function distribution(values: number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  const { min, max, mean } = summary(values)
  const histogram = { edges: [min, max + 1], counts: [values.length] }
  const quantiles = {
    p01: at(0.01),
    p10: at(0.1),
    p25: at(0.25),
    p50: at(0.5),
    p75: at(0.75),
    p90: at(0.9),
    p99: at(0.99),
  }
  return { min, max, mean, quantiles, linear: histogram, log: histogram }
}

function topBy(all: Person[], value: (person: Person) => number, length: number) {
  return all
    .map((person) => ({ msisdn: person.msisdn, value: value(person) }))
    .sort((a, b) => b.value - a.value || a.msisdn - b.msisdn)
    .slice(0, length)
}

const byMetric = <T>(make: (metric: Metric) => T): Record<Metric, T> => ({
  sessions: make('sessions'),
  durationMs: make('durationMs'),
  trafficBytes: make('trafficBytes'),
  downlinkBytes: make('downlinkBytes'),
  uplinkBytes: make('uplinkBytes'),
})

function segments(all: Person[], names: readonly string[]): Snapshot['segments'] {
  const features = ['sessions', 'durationMs', 'trafficBytes'] as const
  const highest = (metric: Metric): number => Math.max(1, ...all.map((each) => each[metric]))
  return {
    features: [...features],
    scaling: 'min-max',
    scale: Object.fromEntries(
      features.map((each) => [each, { offset: 0, factor: 1 / highest(each) }]),
    ),
    k: names.length,
    inertia: 12.5,
    iterations: 17,
    text:
      'Most subscribers use the network lightly; a small segment of heavy users carries a large ' +
      'share of the traffic and stays connected longest.',
    segments: names.map((name, index) => {
      const members = all.filter((person) => person.segment === index)
      const metrics = byMetric((metric) => summary(members.map((person) => person[metric])))
      const centroid = Object.fromEntries(features.map((each) => [each, metrics[each].mean]))
      return {
        name,
        subscribers: members.length,
        share: all.length === 0 ? 0 : members.length / all.length,
        centroid,
        centroidScaled: Object.fromEntries(
          features.map((each) => [each, metrics[each].mean / highest(each)]),
        ),
        metrics,
        sample: {
          sessions: members.slice(0, 50).map(({ sessions }) => sessions),
          durationMs: members.slice(0, 50).map(({ durationMs }) => durationMs),
          downlinkBytes: members.slice(0, 50).map(({ downlinkBytes }) => downlinkBytes),
          uplinkBytes: members.slice(0, 50).map(({ uplinkBytes }) => uplinkBytes),
        },
      }
    }),
  }
}

function applications(all: Person[], top: number): Snapshot['applications'] {
  const traffic = total(all.map((person) => person.trafficBytes))
  return APPLICATIONS.map((name, index) => {
    const used = (person: Person): number =>
      person.applications[index].downlinkBytes + person.applications[index].uplinkBytes
    const downlinkBytes = total(all.map((person) => person.applications[index].downlinkBytes))
    const uplinkBytes = total(all.map((person) => person.applications[index].uplinkBytes))
    return {
      name,
      downlinkBytes,
      uplinkBytes,
      trafficBytes: downlinkBytes + uplinkBytes,
      share: traffic === 0 ? 0 : (downlinkBytes + uplinkBytes) / traffic,
      subscribers: all.filter((person) => used(person) > 0).length,
      top: topBy(all, used, top),
    }
  })
}

/** What a snapshot is generated from; it has `top` entries per list. */
export interface Recipe {
  number: number
  seed?: number
  subscribers?: number
  top?: number
  segmentNames?: readonly string[]
}

/** A snapshot of generated people that conforms to the schema; the same recipe gives the same. */
export function generateSnapshot(recipe: Recipe): Snapshot {
  const { number, seed = 1, subscribers = 2000, top = 10, segmentNames = SEGMENT_NAMES } = recipe
  const all = people(subscribers, seededRandom(seed))
  const sum = byMetric((metric) => total(all.map((person) => person[metric])))
  const shown = applications(all, top)
  const k = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  return snapshotSchema.parse({
    number,
    subscribers,
    splitSubscribers: 0,
    records: total(all.map((person) => person.records)),
    ...sum,
    distribution: {
      sessions: distribution(all.map((person) => person.sessions)),
      durationMs: distribution(all.map((person) => person.durationMs)),
      trafficBytes: distribution(all.map((person) => person.trafficBytes)),
    },
    top: byMetric((metric) => topBy(all, (person) => person[metric], top)),
    applications: shown,
    topApplications: [...shown]
      .sort((a, b) => b.trafficBytes - a.trafficBytes)
      .slice(0, 3)
      .map((application) => application.name),
    segments: segments(all, segmentNames),
    elbow: {
      k,
      inertia: k.map((each) => (0.02 * subscribers) / each ** 1.6),
      knee: 3,
      text: 'The curve bends at k = 3: more segments add little.',
    },
    hours: [],
    positions: [
      {
        source: 'f1e2d3c4',
        name: 'xdr.parquet',
        partition: 0,
        kind: 'file',
        next: 150_000,
        rows: 150_001,
        order: 'file',
        durationUnit: 's',
        timeFormat: 'month-first',
        commaColumns: [],
        volumeUnit: 'bytes',
        map: '',
        evidence: EVIDENCE,
      },
    ],
    rejected: { 'missing-msisdn': 1066, footer: 1 },
    coerced: { 'Bearer Id': 42 },
    missing: { 'Bearer Id': 991, 'Start ms': 1, End: 1 },
    notInData: [],
  } satisfies Snapshot)
}

/** A snapshot as the snapshot thread publishes it. */
export function published(snapshot: Snapshot, atMs = Date.UTC(2026, 0, 1)): Published {
  const timings = { scan: 0.02, scale: 0.004, kmeans: 0.3, elbow: 0.9, top: 0.03, publish: 0.006 }
  return { snapshot, json: JSON.stringify(snapshot), atMs, timings }
}

/** A progress message after `rows` of 150,001 rows were read. */
export function generateProgress(rows: number): IngestProgress {
  const rejected = Math.floor(rows / 140)
  return {
    state: 'running',
    counters: {
      rows,
      applied: rows - rejected,
      duplicate: 0,
      excluded: 0,
      rejected: { 'missing-msisdn': rejected },
      coerced: { 'Total DL (Bytes)': 7 },
      missing: { 'Bearer Id': Math.floor(rows / 150) },
      applicationBytes: APPLICATIONS.flatMap((_, index) => [rows * 1000 * (index + 1), rows * 10]),
      durationMs: rows * 104_000_000,
      commits: Math.ceil(rows / 20_000),
      consumedBytes: rows * 211,
    },
    observations: {
      batchFoldSeconds: [0.003, 0.004],
      batchRecords: [2048, 1024],
      commitSeconds: [0.08],
      flushSeconds: [0.02],
      visibleLatencySeconds: [],
    },
    totalRows: 150_001,
    subscribers: Math.ceil(rows * 0.7),
    dirtySubscribers: 1200,
    lastDurableMs: Date.UTC(2026, 0, 1),
    restoreSeconds: 0.4,
    eventTimeMs: null,
    sources: [
      {
        name: 'xdr.parquet',
        ...PLAIN_UNITS,
        durationUnit: 's',
        timeFormat: 'month-first',
        evidence: EVIDENCE,
      },
    ],
    store: { fileBytes: 48_000_000, usedBytes: 31_000_000, volumeFreeBytes: 9_000_000_000 },
    done: rows >= 150_001,
    consumer: null,
    replica: null,
    history: null,
    reconciliation: null,
    skipped: [],
    warnings: [],
    silentMs: 0,
  }
}

/** A view that a test controls. */
export interface StandIn {
  view: PipelineView
  /** Replaces the last snapshot, and notifies listeners. */
  publish(next: Published | null): void
  /** Replaces the last message of ingest, and notifies listeners. */
  report(next: IngestProgress | null): void
  /** Adds a subscriber that look-ups find. */
  know(subscriber: Subscriber): void
}

/** A pipeline before its first message. */
export function standIn(): StandIn {
  let progress: IngestProgress | null = null
  let latest: Published | null = null
  const known = new Map<number, Subscriber>()
  const listeners = new Set<(event: 'snapshot' | 'progress') => void>()
  const notify = (event: 'snapshot' | 'progress'): void => {
    for (const listener of listeners) listener(event)
  }
  return {
    view: {
      version: '0.1.0',
      revision: 'abc1234',
      startedAtMs: Date.UTC(2026, 0, 1),
      progress: () => progress,
      awaitsSnapshot: () => false,
      published: () => latest,
      runs: () => ({ success: 3, failure: 1, skipped: 2, intervalSeconds: 5 }),
      storeErrors: () => ({ snapshot: 4, 'look-up': 5 }),
      options: () => ({ segments: 3, scaling: 'min-max' }),
      lookup: (msisdn) => Promise.resolve(known.get(msisdn) ?? null),
      subscribers: () => Promise.resolve(null),
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    publish(next) {
      latest = next
      notify('snapshot')
    },
    report(next) {
      progress = next
      notify('progress')
    },
    know: (subscriber) => void known.set(subscriber.aggregate.msisdn, subscriber),
  }
}

/** The canary of a snapshot as a look-up returns it. */
export function canaryView(snapshot: Snapshot): Subscriber {
  const [person] = people(1, seededRandom(1))
  const { number, positions, notInData } = snapshot
  const numbers = { segmentsNumber: number, snapshotNumber: number }
  return {
    asOf: { commit: number + 1, timeMs: 1.7e12, ...numbers, positions, notInData },
    aggregate: { ...person },
    ranks: byMetric(() => 1),
    subscribers: snapshot.subscribers,
    segment: snapshot.segments.segments.at(-1)!.name,
    distances: snapshot.segments.segments.map(({ name }, index) => ({
      segment: name,
      distance: 1 - index / 10,
    })),
  }
}
