// Look-ups from a roster and single rows have the results of passes over the whole state.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRosterLookUps, type RosterLookUps } from '../../src/process/roster-look-ups.ts'
import { partsOf } from '../../src/process/roster-rows.ts'
import { rowsOf, subscribersOf } from '../../src/process/state-reading.ts'
import { createShutdownFlag } from '../../src/process/shutdown.ts'
import { seededRandom, type Random } from '../../src/random.ts'
import { APPLICATIONS } from '../../src/record/columns.ts'
import { lookUp, type ForEachRows } from '../../src/snapshot/lookup.ts'
import { aggregateAt } from '../../src/snapshot/metrics.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import {
  subscriberPageOf,
  type SubscriberPage,
  type SubscriberQuery,
} from '../../src/snapshot/subscriber-page.ts'
import { takeSnapshot, type TimedSnapshot } from '../../src/snapshot/take.ts'
import { WIDTH } from '../../src/subscriber/aggregate.ts'
import { commitPartition } from '../../state/commit.ts'
import { withView, type StateView } from '../../state/read.ts'
import { setHeld } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { OPTIONS as SNAPSHOT } from '../snapshot/subscribers.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from '../state/stores.ts'
import { withDirectory } from '../state-directory.ts'
import { summed } from '../summed-rows.ts'

type State = Awaited<ReturnType<typeof openState>>

const FIRST = 33_600_000_000
const KEEP = 10
const shutdown = createShutdownFlag()
const forEachRows = (view: StateView) => rowsOf(view, shutdown)
const created = (): RosterLookUps => createRosterLookUps(forEachRows)

/** Records of `count` of `below` subscribers, each in the partition of its MSISDN; then a commit. */
function step(state: State, below: number, count: number, random: Random): void {
  const { partitions } = state
  const drawn = someSubscribers(FIRST, below, count, random)
  for (const [at, partition] of partitions.entries()) {
    const own = drawn.filter((msisdn) => msisdn % partitions.length === at)
    apply(partition, batchOf(own, random))
    commitPartition(partition, KEEP)
  }
}

async function withState(
  partitions: number,
  body: (state: State, directory: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const state = await openState(directory, { ...OPTIONS, partitions }, 'test')
    try {
      await body(state, directory)
    } finally {
      await state.close()
    }
  })
}

/** A snapshot as the snapshot thread takes it, and its roster given to the look-ups. */
async function snapshotTo(lookUps: RosterLookUps | null, directory: string): Promise<Snapshot> {
  return withView(directory, (view) => {
    const { snapshot, roster }: TimedSnapshot = takeSnapshot(view, SNAPSHOT, () => 0)
    lookUps?.replaceRoster({ number: snapshot.number, parts: partsOf(view), roster })
    return snapshot
  })
}

/** All rows of a view, in memory. */
function copyOf(view: StateView): ForEachRows {
  const blocks: Float64Array[] = []
  view.scan((rows, count) => blocks.push(rows.slice(0, count * WIDTH)))
  return (visit) => {
    for (const block of blocks) visit(block, block.length / WIDTH)
  }
}

const sumsIn = (view: StateView): Map<number, Float64Array> => {
  const rows: Float64Array[] = []
  copyOf(view)((block, count) => {
    for (let at = 0; at < count; at++) rows.push(block.subarray(at * WIDTH, (at + 1) * WIDTH))
  })
  return summed(rows)
}

/** Compares look-ups of some subscribers, and all pages of some queries, with passes over the view. */
function assertSame(
  view: StateView,
  lookUps: RosterLookUps,
  against: Snapshot,
  below: number,
  random: Random,
): void {
  const { segments } = against
  const all = copyOf(view)
  const drawn = [...someSubscribers(FIRST, below, 12, random), FIRST - 1, 1]
  for (const msisdn of drawn) {
    const { found, snapshotNumber } = lookUps.lookUp(view, msisdn, against)
    assert.deepEqual(found, lookUp(msisdn, all, segments), `of ${msisdn}`)
    assert.equal(snapshotNumber, view.counters.commit)
  }
  for (const segment of [null, ...segments.segments.map(({ name }) => name)]) {
    const application = random() < 0.5 ? null : APPLICATIONS[Math.floor(random() * 7)]
    const limit = 1 + Math.floor(random() * 400)
    for (let after = FIRST + Math.floor(random() * below), pages = 0; pages < 3; pages++) {
      const query = { segment, application, after, limit }
      const { found } = lookUps.list(view, query, against)
      assert.deepEqual(found, subscriberPageOf(query, all, segments))
      if (found.next === null) break
      after = found.next
    }
  }
}

const aCase = fc.record({
  seed: fc.nat(),
  partitions: fc.constantFrom(1, 2, 3, 8),
  below: fc.constantFrom(300, 9000),
  steps: fc.array(fc.constantFrom(0, 10, 800, 5000), { minLength: 1, maxLength: 5 }),
  isScanned: fc.boolean(),
})

test('as of a snapshot: the results of passes, for any partitions and commits', async () => {
  const property = fc.asyncProperty(aCase, ({ seed, partitions, below, steps, isScanned }) =>
    withState(partitions, async (state, directory) => {
      const random = seededRandom(seed)
      const lookUps = created()
      for (const count of [below, ...steps]) {
        step(state, below, count, random)
        // Without a roster of the snapshot they scan the state, once.
        const snapshot = await snapshotTo(isScanned ? null : lookUps, directory)
        const used = isScanned ? created() : lookUps
        await withView(directory, (view) => assertSame(view, used, snapshot, below, random))
      }
    }),
  )
  await fc.assert(property, { numRuns: 12, endOnFailure: true })
})

test('after a snapshot: rows as of now, ranked among the subscribers of the snapshot', () =>
  withState(2, async (state, directory) => {
    const random = seededRandom(5)
    const lookUps = created()
    step(state, 6000, 4000, random)
    const snapshot = await snapshotTo(lookUps, directory)
    for (let i = 0; i < 3; i++) step(state, 9000, 2000, random)
    await withView(directory, (view) => {
      const all = copyOf(view)
      let added = 0
      for (let msisdn = FIRST; msisdn < FIRST + 9000; msisdn += 31) {
        const { found, snapshotNumber } = lookUps.lookUp(view, msisdn, snapshot)
        const expected = lookUp(msisdn, all, snapshot.segments)
        assert.deepEqual(found?.aggregate, expected?.aggregate)
        assert.deepEqual(found?.distances, expected?.distances)
        assert.equal(found?.segment, expected?.segment)
        if (found === null) continue
        assert.equal(snapshotNumber, snapshot.number)
        if (found.subscribers > snapshot.subscribers) added++
        for (const rank of Object.values(found.ranks)) assert.ok(rank <= found.subscribers)
      }
      assert.ok(added > 10, `${added} were added since`)
      const query = { segment: 'high', application: null, after: -1, limit: 50 }
      const { found } = lookUps.list(view, query, snapshot)
      for (const { segment, ...aggregate } of found.subscribers) {
        const expected = lookUp(aggregate.msisdn, all, snapshot.segments)
        assert.deepEqual([segment, aggregate], ['high', expected?.aggregate])
      }
    })
  }))

test('a partition that was given back is in no result, and in all again when it returns', () =>
  withState(2, async (state, directory) => {
    const random = seededRandom(6)
    const lookUps = created()
    step(state, 3000, 3000, random)
    const snapshot = await snapshotTo(lookUps, directory)
    const everyone = { segment: null, application: null, after: -1, limit: 10_000 }
    const list = () =>
      withView(directory, (view) => lookUps.list(view, everyone, snapshot).found.subscribers)
    const look = (msisdn: number) =>
      withView(directory, (view) => lookUps.lookUp(view, msisdn, snapshot).found)
    const before = await list()
    setHeld(state.partitions[1].store, false)
    const [even, odd] = [0, 1].map((rest) =>
      before.filter(({ msisdn }) => msisdn % 2 === rest).map(({ msisdn }) => msisdn),
    )
    assert.deepEqual(
      (await list()).map(({ msisdn }) => msisdn),
      even,
    )
    assert.equal(await look(odd[0]), null)
    assert.equal((await look(even[0]))?.aggregate.msisdn, even[0])
    setHeld(state.partitions[1].store, true)
    assert.deepEqual(await list(), before)
    assert.equal((await look(odd[0]))?.aggregate.msisdn, odd[0])
  }))

test('a partition that came after the snapshot is looked through', () =>
  withState(2, async (state, directory) => {
    const random = seededRandom(7)
    step(state, 3000, 3000, random)
    setHeld(state.partitions[0].store, false)
    const lookUps = created()
    const snapshot = await snapshotTo(lookUps, directory)
    setHeld(state.partitions[0].store, true)
    await withView(directory, (view) => {
      for (let msisdn = FIRST; msisdn < FIRST + 3000; msisdn += 101) {
        const { found } = lookUps.lookUp(view, msisdn, snapshot)
        const expected = lookUp(msisdn, forEachRows(view), snapshot.segments)
        assert.deepEqual(found?.aggregate, expected?.aggregate)
      }
    })
  }))

test('an MSISDN in two partitions is one subscriber: in the snapshot, in pages and in look-ups', () =>
  withState(2, async (state, directory) => {
    const random = seededRandom(8)
    const addTo = (partition: State['partitions'][number], below: number): void => {
      apply(partition, batchOf(someSubscribers(FIRST, below, 50, random), random))
      commitPartition(partition, KEEP)
    }
    for (const partition of state.partitions) addTo(partition, 60)
    const lookUps = created()
    const snapshot = await snapshotTo(lookUps, directory)
    assert.ok(snapshot.splitSubscribers > 5)
    await withView(directory, (view) => {
      const sums = sumsIn(view)
      assert.equal(snapshot.subscribers, sums.size)
      const all: ForEachRows = (visit) => sums.forEach((row) => visit(row, 1))
      for (const limit of [1, 2, 3, 7]) {
        for (let after: number | null = -1; after !== null;) {
          const query: SubscriberQuery = { segment: null, application: null, after, limit }
          const page: SubscriberPage = lookUps.list(view, query, snapshot).found
          assert.deepEqual(page, subscriberPageOf(query, all, snapshot.segments))
          after = page.next
        }
      }
      for (const msisdn of sums.keys()) {
        const expected = lookUp(msisdn, all, snapshot.segments)
        assert.deepEqual(lookUps.lookUp(view, msisdn, snapshot).found, expected)
        assert.deepEqual(lookUp(msisdn, subscribersOf(view, shutdown), snapshot.segments), expected)
      }
    })
    // Since the snapshot: subscribers of the one partition come to the other as well.
    addTo(state.partitions[1], 90)
    await withView(directory, (view) => {
      for (const [msisdn, row] of sumsIn(view)) {
        const { found } = lookUps.lookUp(view, msisdn, snapshot)
        assert.deepEqual(found?.aggregate, aggregateAt(row, 0))
      }
    })
  }))

test('a roster of another state is replaced by a scan', () =>
  withState(1, async (state, directory) => {
    const random = seededRandom(9)
    const lookUps = created()
    await withState(1, async (other, elsewhere) => {
      step(other, 3000, 400, random)
      await snapshotTo(lookUps, elsewhere)
    })
    for (let i = 0; i < 3; i++) step(state, 3000, 900, random)
    const snapshot = await snapshotTo(null, directory)
    await withView(directory, (view) => assertSame(view, lookUps, snapshot, 3000, random))
  }))
