// After a commit, base image and journal of the store have the content of memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom, type Random } from '../../src/random.ts'
import { WIDTH } from '../../src/subscriber/aggregate.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { commitPartition } from '../../state/commit.ts'
import { journalKey } from '../../state/keys.ts'
import { createJournalIndex, type JournalIndex } from '../../state/journal-index.ts'
import type { Partition } from '../../state/partition.ts'
import { PAGE_VALUE_BYTES } from '../../state/pages.ts'
import { findAddedSlot, readRows } from '../../state/rows.ts'
import { openPartition } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { openStateToRead, viewState, withView } from '../../state/read.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { apply, assertSameTable, batchOf, OPTIONS, recordsOf, reload, rowOf } from './stores.ts'
import { someSubscribers } from './stores.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const KEEP = 1000
const FIRST = 33_600_000_000
const START_MS = Date.UTC(2019, 3, 4)

/** The work between two commits: a number of records, from a share of the subscribers. */
interface Step {
  records: number
  share: number
  /** True to open the store anew before. */
  reopen: boolean
  /** True to read single rows afterwards; else more has changed when they are read next. */
  follow: boolean
}

const aStep: fc.Arbitrary<Step> = fc.record({
  records: fc.constantFrom(0, 1, 50, 1500, 6000, 20_000),
  share: fc.constantFrom(0.01, 1, 1),
  reopen: fc.boolean(),
  follow: fc.boolean(),
})
const aCase = fc.record({
  seed: fc.nat(),
  subscribers: fc.constantFrom(500, 12_000, 40_000),
  steps: fc.array(aStep, { minLength: 4, maxLength: 12 }),
})

test('after any commits the store equals the memory, as a whole and by slot', async (t) => {
  t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
  let journals = 0
  const property = fc.asyncProperty(aCase, ({ seed, subscribers, steps }) =>
    withDirectory(async (directory) => {
      const random = seededRandom(seed)
      let state = await openState(directory, OPTIONS, 'test')
      const half = someSubscribers(FIRST, subscribers, subscribers / 2, random)
      apply(state.partitions[0], batchOf(half, random))
      commitPartition(state.partitions[0], KEEP)
      const index = createJournalIndex()
      const known = { subscribers: 0, commit: 0 }
      for (const { records, share, reopen, follow } of steps) {
        if (reopen) {
          await state.close()
          state = await openState(directory, OPTIONS, 'test')
        }
        const [partition] = state.partitions
        const below = Math.ceil(subscribers * share)
        apply(partition, batchOf(someSubscribers(FIRST, below, records, random), random))
        commitPartition(partition, KEEP)
        if (partition.sweep.journal.length > 0) journals++
        assert.equal(partition.table.dirtyCount, 0)
        await assertStored(directory, partition)
        if (!follow) continue
        await assertRows(directory, partition, index, random)
        await assertAdded(directory, partition, index, known)
      }
      await state.close()
    }),
  )
  await fc.assert(property, { seed: SEED, numRuns: 15, endOnFailure: true })
  assert.ok(journals > 5, `seed ${SEED}: only ${journals} commits left a journal`)
})

async function assertStored(directory: string, partition: Partition): Promise<void> {
  const found = await reload(directory)
  assertSameTable(found.table, partition.table)
  assert.deepEqual(found.hours.rows, partition.hours.rows)
  assert.deepEqual(found.counters, partition.counters)
  assert.deepEqual(found.sweep.journal, partition.sweep.journal)
  const blocks = Math.ceil(found.table.count / 1024)
  const staleOf = ({ sweep }: Partition): number[] => [...sweep.staleSince.subarray(0, blocks)]
  assert.deepEqual(staleOf(found), staleOf(partition))
}

/** Rows by slot: some at once, each alone, and the last ones, which were added last. */
async function assertRows(
  directory: string,
  { table }: Partition,
  index: JournalIndex,
  random: Random,
): Promise<void> {
  const drawn = Array.from({ length: 60 }, () => Math.floor(random() * table.count))
  const slots = [...drawn, table.count - 1]
  await withView(directory, ({ partitions: [view] }) => {
    const rows = readRows(view, index, slots)
    slots.forEach((slot, at) => {
      const row = [...rows.subarray(at * WIDTH, (at + 1) * WIDTH)]
      assert.deepEqual(row, rowOf(table, slot), `slot ${slot} of many`)
      assert.deepEqual([...readRows(view, index, [slot])], row, `slot ${slot} alone`)
    })
  })
}

/** Slots that were added since the last call are found by their MSISDN, others are not. */
async function assertAdded(
  directory: string,
  { table, counters }: Partition,
  index: JournalIndex,
  known: { subscribers: number; commit: number },
): Promise<void> {
  await withView(directory, ({ partitions: [view] }) => {
    const { subscribers, commit } = known
    const find = (msisdn: number) => findAddedSlot(view, index, msisdn, subscribers, commit)
    for (let slot = subscribers; slot < table.count; slot += 97) {
      assert.equal(find(rowOf(table, slot)[0]), slot)
    }
    assert.equal(find(FIRST - 1), -1)
  })
  Object.assign(known, { subscribers: table.count, commit: counters.commit })
}

test('the journal stays within the size of the base image', () =>
  withDirectory(async (directory) => {
    const random = seededRandom(1)
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const everyone = Float64Array.from({ length: 60_000 }, (_, i) => FIRST + i)
    apply(partition, batchOf(everyone, random))
    commitPartition(partition, KEEP)
    let longest = 0
    const { store, sweep } = partition
    for (let commit = 0; commit < 120; commit++) {
      apply(partition, batchOf(someSubscribers(FIRST, 60_000, 3000, random), random))
      commitPartition(partition, KEEP)
      longest = Math.max(longest, sweep.journal.length)
      const pages = (database: { getStats(): object }): number =>
        (database.getStats() as { overflowPages: number }).overflowPages
      assert.ok(pages(store.journal) < pages(store.subscribers) * 1.5, `at commit ${commit}`)
    }
    assert.ok(longest > 10 && longest < 30, `${longest} commits in the journal`)
    assertSameTable((await reload(directory)).table, partition.table)
    await state.close()
  }))

test('a small partition has no journal', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const everyone = Float64Array.from({ length: 4000 }, (_, i) => FIRST + i)
    for (const changed of [everyone, Float64Array.of(FIRST, FIRST + 3999)]) {
      apply(partition, batchOf(changed, seededRandom(7)))
      commitPartition(partition, KEEP)
      assert.deepEqual(partition.sweep.journal, [])
    }
    await state.close()
  }))

test('each page takes exactly one overflow page', () =>
  withDirectory(async (directory) => {
    const random = seededRandom(2)
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    for (const count of [30_000, 7_000]) {
      apply(partition, batchOf(someSubscribers(FIRST, 30_000, count, random), random))
      commitPartition(partition, KEEP)
    }
    for (const database of [partition.store.subscribers, partition.store.journal]) {
      const stats = database.getStats() as { entryCount: number; overflowPages: number }
      assert.ok(stats.entryCount > 50)
      // The last page of a block or a commit may be small enough to be stored in its leaf.
      assert.ok(stats.overflowPages <= stats.entryCount)
      assert.ok(stats.overflowPages > stats.entryCount * 0.9)
    }
    await state.close()
  }))

test('the largest page takes one page, too', () =>
  withDirectory(async (directory) => {
    const store = openPartition(directory, 0, 'write')
    store.environment.transactionSync(() => {
      for (let page = 0; page < 40; page++) {
        void store.journal.put(journalKey(1, page), Buffer.alloc(PAGE_VALUE_BYTES))
      }
    })
    const { overflowPages } = store.journal.getStats() as { overflowPages: number }
    assert.equal(overflowPages, 40)
    await store.environment.close()
  }))

test('a block that takes fewer pages than before leaves none of the old ones behind', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const { store, sweep } = partition
    const pagesOf = (): number => [...store.subscribers.getKeys()].length
    const everyone = Float64Array.from({ length: 1024 }, (_, i) => FIRST + i)
    const small = batchOf(everyone, () => 0.5)
    for (const amounts of small.amounts) amounts.fill(0)
    // A start without an end takes more bytes than both: the end is stored as a difference.
    small.startMs.fill(START_MS)
    small.endMs.fill(0)
    apply(partition, small)
    commitPartition(partition, KEEP)
    const before = sweep.pages[0]
    assert.equal(pagesOf(), before)
    small.endMs.fill(START_MS + 1)
    apply(partition, small)
    // New subscribers enlarge the sweep's tables in the same commit.
    const later = Float64Array.from({ length: 5000 }, (_, i) => FIRST + 1024 + i)
    apply(partition, batchOf(later, seededRandom(6)))
    commitPartition(partition, KEEP)
    assert.ok(sweep.pages[0] < before, `${sweep.pages[0]} pages after ${before}`)
    assert.equal(
      pagesOf(),
      sweep.pages.reduce((sum, pages) => sum + pages),
    )
    assertSameTable((await reload(directory)).table, partition.table)
    await state.close()
  }))

test('a view does not change while further commits are made', () =>
  withDirectory(async (directory) => {
    const random = seededRandom(3)
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const step = (): void => {
      apply(partition, batchOf(someSubscribers(FIRST, 20_000, 9_000, random), random))
      commitPartition(partition, KEEP)
    }
    step()
    const before = await readBack(directory)
    await withView(directory, (view) => {
      for (let i = 0; i < 8; i++) step()
      let records = 0
      view.scan((rows, count) => (records += recordsOf(rows, count)))
      assert.equal(records, before.applied)
      assert.equal(view.counters.applied, before.applied)
    })
    assert.equal((await readBack(directory)).applied, 9 * before.applied)
    await state.close()
  }))

test('a view begins at the last commit, also while an older view is open', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const step = (): void => {
      apply(partition, batchOf(Float64Array.of(FIRST), seededRandom(8)))
      commitPartition(partition, KEEP)
    }
    step()
    const reading = openStateToRead(directory)
    const older = viewState(reading)
    step()
    const newer = viewState(reading)
    assert.deepEqual([older.counters.applied, newer.counters.applied], [1, 2])
    older.finish()
    newer.finish()
    await reading.close()
    await state.close()
  }))

test('rows and pages of the journal that the store has lost are reported', () =>
  withDirectory(async (directory) => {
    const random = seededRandom(4)
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const step = (): void => {
      apply(partition, batchOf(someSubscribers(FIRST, 20_000, 9000, random), random))
      commitPartition(partition, KEEP)
    }
    for (let i = 0; i < 6; i++) step()
    const { subscribers, journal } = partition.store
    for (const [database, what] of [
      [subscribers, /aggregate in slot \d+ is missing/],
      [journal, /page 0 of commit \d+ is missing/],
    ] as const) {
      const [{ key, value }] = [...database.getRange()]
      await database.remove(key)
      const readAll = () =>
        withView(directory, ({ partitions: [view] }) =>
          readRows(
            view,
            createJournalIndex(),
            Array.from({ length: 1024 }, (_, slot) => slot),
          ),
        )
      await assert.rejects(readAll(), { code: 'state-corrupt', message: what })
      await database.put(key, value)
      await readAll()
    }
    await state.close()
  }))

test('a scan reports records that the store has lost', () =>
  withDirectory(async (directory) => {
    const random = seededRandom(5)
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const { store } = partition
    const step = (): void => {
      apply(partition, batchOf(someSubscribers(FIRST, 20_000, 9000, random), random))
      commitPartition(partition, KEEP)
    }
    for (let i = 0; i < 6; i++) step()
    const [last] = [...store.journal.getKeys()].slice(-1)
    await store.journal.remove(last)
    const scanned = withView(directory, (view) => view.scan(() => undefined))
    await assert.rejects(scanned, { code: 'state-corrupt', message: /records, expected/ })
    await state.close()
  }))

test('after a commit that failed its subscribers are not durable', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    apply(partition, batchOf(Float64Array.of(FIRST, FIRST + 1), seededRandom(1)))
    const broken = {
      toJSON: () => {
        throw new Error('broken')
      },
    }
    partition.positions.set('broken', broken as unknown as SourcePosition)
    partition.moved.add('broken')
    assert.throws(() => commitPartition(partition, KEEP), { code: 'store-failed' })
    assert.equal(partition.table.dirtyCount, 2)
    await state.close()
  }))
