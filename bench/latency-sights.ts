// Where the bench of latency looks for its probes, and since when it has seen each of them.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../src/serve/api/status.ts'
import type { SubscriberView } from '../src/snapshot/schema.ts'
import type { Durable } from './serving.ts'

/** Where one looks for a record that was sent. */
export type Place = 'durable' | 'status' | 'lookup'

/** One record that was sent. */
export interface Probe {
  /** Where it is looked for. */
  places: readonly Place[]
  partition: number
  msisdn: number
  offset: number
  /** Of its subscriber, this one included. */
  records: number
  /** Before it was handed to the producer, by the clock of `performance`. */
  sentAt: number
  /** Milliseconds from there until it was seen. */
  seen: Partial<Record<Place, number>>
}

export interface Sights {
  add: (probe: Probe) => void
  /** All probes, when each was seen everywhere. */
  allSeen(): Promise<Probe[]>
}

/** Each look costs the process that is measured: often enough to tell hundredths of a second. */
const DURABLE_MS = 5
const STATUS_MS = 20
/** A look-up goes over all subscribers, after the snapshot under way. */
const LOOKUP_MS = 100
const PATIENCE_MS = 60_000

/** Begins to look. */
export function watchSights(durable: Durable, url: string): Sights {
  const probes: Probe[] = []
  const bounds = { at: Infinity }
  /** Until the last one is seen at this place. */
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
    throw new Error(`probes were not seen: ${place}`)
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
  // It may fail while probes are still sent.
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

/** The value that so large a share does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
