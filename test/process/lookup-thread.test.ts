// Look-ups in a separate thread have the same results, and do not wait for snapshots.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSnapshots, type SnapshotThread } from '../../src/process/snapshot-thread.ts'
import { withLookUps, type LookUps } from '../../src/process/lookup-thread.ts'
import type { Published } from '../../src/serve/view.ts'
import { MONTH_FIRST, replay } from '../consumers/files/replaying.ts'
import { ROOT } from '../source-tree.ts'
import { OPTIONS } from '../snapshot/subscribers.ts'
import { withDirectory } from '../state-directory.ts'
import { published, standIn } from '../serve/fixture.ts'

const FILE = join(ROOT, 'test/fixtures/parquet/duckdb-snappy.parquet')
const EVERYONE = { segment: null, application: null, after: -1, limit: 1000 }

interface Tried {
  /** A snapshot thread of the same state. */
  snapshots: SnapshotThread
  /** The published snapshot; a test may replace it. */
  latest: { published: Published | null }
  /** Look-ups of a pipeline whose snapshot thread is busy and never answers. */
  lookUps: LookUps
}

async function withBusySnapshots(body: (tried: Tried) => Promise<void>): Promise<void> {
  await withDirectory(async (stateDirectory) => {
    await replay([FILE], stateDirectory, MONTH_FIRST)
    const data = { stateDirectory, options: OPTIONS }
    const snapshots = startSnapshots(data)
    const latest: Tried['latest'] = { published: null }
    const never = () => new Promise<never>(() => undefined)
    const { view } = standIn()
    const busy = { ...view, published: () => latest.published, lookup: never, subscribers: never }
    const lookUps = withLookUps(busy, stateDirectory, snapshots.follow)
    try {
      await body({ snapshots, latest, lookUps })
    } finally {
      await lookUps.end()
      await snapshots.end()
    }
  })
}

test('look-ups during a snapshot have the results of the snapshot thread', () =>
  withBusySnapshots(async ({ snapshots, latest, lookUps: { view } }) => {
    const taken = await snapshots.snapshot()
    assert.ok(taken)
    latest.published = published(taken.snapshot)
    const everyone = await view.subscribers(EVERYONE)
    const expected = await snapshots.subscribers(EVERYONE)
    assert.ok(everyone && expected && expected.subscribers.length > 1)
    const asOf = { ...expected.asOf, timeMs: everyone.asOf.timeMs }
    assert.deepEqual(everyone, { ...expected, asOf })
    const some = everyone.subscribers.slice(0, 5).map(({ msisdn }) => msisdn)
    for (const msisdn of [...some, 1]) {
      const [found, wanted] = [await view.lookup(msisdn), await snapshots.lookup(msisdn)]
      const { timeMs } = asOf
      const atOnce = (one: typeof found) => one && { ...one, asOf: { ...one.asOf, timeMs } }
      assert.deepEqual(atOnce(found), atOnce(wanted))
      if (found !== null) assert.deepEqual({ ...found.asOf, timeMs }, asOf)
    }
  }))

test('look-ups use the segments that were published last', () =>
  withBusySnapshots(async ({ snapshots, latest, lookUps: { view } }) => {
    const taken = await snapshots.snapshot()
    assert.ok(taken)
    const names: (string | null)[][] = []
    for (const name of ['first', 'second']) {
      const [segment] = taken.snapshot.segments.segments
      const segments = { ...taken.snapshot.segments, segments: [{ ...segment, name }] }
      latest.published = published({ ...taken.snapshot, segments })
      const found = await view.subscribers({ ...EVERYONE, limit: 1 })
      const one = await view.lookup(found!.subscribers[0].msisdn)
      names.push([found!.subscribers[0].segment, one!.segment])
    }
    assert.deepEqual(names, [
      ['first', 'first'],
      ['second', 'second'],
    ])
  }))

test('pending and later look-ups are rejected when the thread has ended', () =>
  withBusySnapshots(async ({ snapshots, latest, lookUps }) => {
    const taken = await snapshots.snapshot()
    assert.ok(taken)
    latest.published = published(taken.snapshot)
    const waiting = assert.rejects(lookUps.view.lookup(1), /has ended/)
    await lookUps.end()
    await waiting
    await assert.rejects(lookUps.view.subscribers(EVERYONE), /has ended/)
  }))
