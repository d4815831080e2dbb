// Where the latency bench looks for its probes, and when it first saw each of them.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../src/serve/api/status.ts'
import type { SubscriberView } from '../src/snapshot/subscriber-schema.ts'
import type { Durable } from './serving.ts'

/** A place where a sent record becomes visible. */
export type Place = 'durable' | 'status' | 'lookup'

/** One record that was sent. */
export interface Probe {
  /** The places where it is looked for. */
  places: readonly Place[]
  partition: number
  msisdn: number
  offset: number
  /** Number of records of its subscriber, including this one. */
  records: number
  /** Time before it was handed to the producer, by `performance.now()`. */
  sentAt: number
  /** Milliseconds from then until it was seen. */
  seen: Partial<Record<Place, number>>
}

/** Watches for probes. */
export interface Sights {
  add: (probe: Probe) => void
  /** Resolves with all probes when each was seen in all of its places. */
  allSeen(): Promise<Probe[]>
}

/** Each look costs CPU of the measured process: often enough for hundredths of a second. */
const DURABLE_MS = 5
const STATUS_MS = 20
/** A look-up scans all subscribers. */
const LOOKUP_MS = 100
const PATIENCE_MS = 60_000

/** Starts to look; `allSeen` ends it. */
export function watchSights(durable: Durable, url: string): Sights {
  const probes: Probe[] = []
  const bounds = { at: Infinity }
  /** Looks in one place until the last probe is seen there. */
  const look = async (
    place: Place,
    everyMs: number,
    ask: (waiting: readonly Probe[]) => Promise<(probe: Probe) => boolean>,
  ): Promise<void> => {
    while (performance.now() < bounds.at + PATIENCE_MS) {
      const waiting = probes.filter(({ seen, places }) => {
        return places.includes(place) && seen[place] === undefined
      })
      if (waiting.length === 0 && bounds.at < Infinity) return
      if (waiting.length > 0) {
        const isSeen = await ask(waiting)
        const now = performance.now()
        for (const probe of waiting) if (isSeen(probe)) probe.seen[place] = now - probe.sentAt
      }
      await sleep(everyMs)
    }
    throw new Error(`not all probes were seen within ${PATIENCE_MS / 1000} s: ${place}`)
  }
  const looking = Promise.all([
    look('durable', DURABLE_MS, () => {
      const ends = durable.ends()
      return Promise.resolve(({ partition, offset }) => ends[partition] > offset)
    }),
    look('status', STATUS_MS, async () => {
      const ends = await statusEnds(url)
      return ({ partition, offset }) => (ends.get(partition) ?? 0) > offset
    }),
    look('lookup', LOOKUP_MS, async ([{ msisdn }]) => {
      const records = await recordsOf(url, msisdn)
      return (probe) => probe.records <= records
    }),
  ])
  // It may fail while probes are still being sent; `allSeen` reports it.
  looking.catch(() => undefined)
  return {
    add: (probe) => void probes.push(probe),
    async allSeen() {
      bounds.at = performance.now()
      await looking
      return probes
    },
  }
}

async function statusEnds(url: string): Promise<Map<number, number>> {
  const answer = await fetch(new URL('/api/v1/status', url))
  const { consumer } = (await answer.json()) as Status
  const partitions = consumer?.partitions ?? []
  return new Map(partitions.map(({ partition, durableOffset }) => [partition, durableOffset]))
}

async function recordsOf(url: string, msisdn: number): Promise<number> {
  const answer = await fetch(new URL(`/api/v1/subscribers/${msisdn}`, url))
  if (!answer.ok) return 0
  return ((await answer.json()) as SubscriberView).aggregate.records
}

/** The value that a share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
