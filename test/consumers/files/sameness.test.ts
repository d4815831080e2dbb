// Batch = stream: the same rows give the same state, however they are cut, ordered and interrupted.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Replay } from '../../../consumers/files/replay.ts'
import { takeSnapshot } from '../../../src/snapshot/take.ts'
import { withView } from '../../../state/read.ts'
import { oracle, oracleJson } from '../../oracle.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { OPTIONS as SNAPSHOT_OPTIONS } from '../../snapshot/subscribers.ts'
import { comparableExpected, comparableFound, replay } from './replaying.ts'
import type { Comparable, Expected } from './replaying.ts'
import { cutFile, rawRowsOf, sampleIn, SMALL } from './samples.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const RUNS = Number(process.env.XDR_PULSE_RUNS ?? 30)
/** The unit is given: a part of a file could lead to another inferred unit than the whole. */
const UNIT = { durationUnit: 's' } as const

let sample = ''
let expected: Comparable
let hash = ''
let snapshot = ''
let leave: () => void = () => undefined
let done: Promise<void> = Promise.resolve()

before(async () => {
  const directory = await new Promise<string>((resolve) => {
    done = withDirectory((made) => {
      resolve(made)
      return new Promise<void>((end) => (leave = end))
    })
  })
  sample = await sampleIn(directory)
  const options = { ...UNIT, missingMsisdn: 'reject' } as const
  const result = oracle(await rawRowsOf(sample), options)
  expected = comparableExpected(oracleJson(result) as Expected)
  const state = join(directory, 'whole')
  await replay([sample], state, { units: UNIT })
  hash = (await readBack(state)).hash
  snapshot = await snapshotIn(state)
})
after(() => {
  leave()
  return done
})

/** The bytes of a snapshot, except for what names commits and positions. */
const snapshotIn = (state: string): Promise<string> =>
  withView(state, (view) => {
    const { snapshot: taken } = takeSnapshot(view, SNAPSHOT_OPTIONS, () => 0)
    return JSON.stringify({ ...taken, number: 0, positions: [] })
  })

/** One way to replay the sample: how it is cut, kept, ordered, committed and interrupted. */
interface Way {
  cuts: number[]
  partitions: number
  threads: number
  timeOrderFirst: boolean
  timeOrderLast: boolean
  commitIntervalMs: number
  /** Rows after which a run is stopped; the next run continues. */
  stops: number[]
}

const aWay: fc.Arbitrary<Way> = fc.record({
  cuts: fc
    .uniqueArray(fc.integer({ min: 1, max: SMALL.rows - 1 }), { maxLength: 3 })
    .map((cuts) => cuts.sort((a, b) => a - b)),
  partitions: fc.constantFrom(1, 3, 8),
  threads: fc.constantFrom(1, 1, 1, 2, 4),
  timeOrderFirst: fc.boolean(),
  timeOrderLast: fc.boolean(),
  commitIntervalMs: fc.constantFrom(0, 5, 1e9),
  stops: fc.array(fc.integer({ min: 0, max: SMALL.rows }), { maxLength: 3 }),
})

/** Stops a replay after this many rows; returns false when it ended before. */
async function replayUntil(
  rows: number,
  files: readonly string[],
  state: string,
  way: Way,
  timeOrder: boolean,
): Promise<boolean> {
  let ended = false
  const stopLater = (running: Replay): void => {
    if (ended) return
    if (running.progress().counters.rows >= rows) running.stop()
    else setImmediate(stopLater, running)
  }
  const options = {
    speed: timeOrder ? 1e15 : ('max' as const),
    commitIntervalMs: way.commitIntervalMs,
    units: UNIT,
    threads: way.threads,
    state: { partitions: way.partitions },
  }
  const onReady = (running: Replay): void => {
    setImmediate(stopLater, running)
  }
  const progress = await replay(files, state, options, onReady).finally(() => (ended = true))
  return progress.done
}

test('any way to replay the same rows gives the state of the oracle, and one snapshot', async (t) => {
  t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
  let interrupted = 0
  const property = fc.asyncProperty(aWay, (way) =>
    withDirectory(async (directory) => {
      const parts = join(directory, 'parts')
      mkdirSync(parts)
      const files = await cutFile(sample, way.cuts, parts)
      const state = join(directory, 'state')
      for (const stop of way.stops) {
        if (!(await replayUntil(stop, files, state, way, way.timeOrderFirst))) interrupted++
      }
      // A file begun in its own order cannot be finished in order of time.
      const timeOrder = way.timeOrderLast && (way.timeOrderFirst || way.stops.length === 0)
      assert.equal(await replayUntil(Infinity, files, state, way, timeOrder), true)
      const found = await readBack(state)
      assert.deepEqual(comparableFound(found), expected)
      assert.equal(found.hash, hash)
      assert.equal(await snapshotIn(state), snapshot)
      rmSync(state, { recursive: true })
    }),
  )
  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true })
  assert.ok(interrupted > RUNS / 3, `seed ${SEED}: only ${interrupted} runs were interrupted`)
})

test('the sample of these tests has rows of every kind', () => {
  assert.deepEqual(
    Object.keys(expected.rejected).sort(),
    ['footer', 'invalid-msisdn', 'invalid-number', 'missing-msisdn'],
    `seed ${SEED}`,
  )
  assert.ok(Object.keys(expected.coerced).length > 10)
  assert.ok(Object.keys(expected.missing).length > 10)
})
