// A paced replay that was restarted waited again for all rows that it had applied.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Replay } from '../../consumers/files/replay.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { replay } from '../consumers/files/replaying.ts'
import { withDirectory } from '../state-directory.ts'

/** A day in four seconds, and a day in a quarter of an hour: speeds in multiples of real time. */
const [QUICKLY, SLOWLY] = [20_000, 100]
const PATIENCE_MS = 10_000

/** Stops a replay when it has applied `rows` rows, or after PATIENCE_MS. */
const stopAfter =
  (rows: number) =>
  (running: Replay): void => {
    const started = performance.now()
    const timer = setInterval(() => {
      const { applied } = running.progress().counters
      if (applied < rows && performance.now() - started < PATIENCE_MS) return
      clearInterval(timer)
      running.stop()
    }, 20)
  }

test('a paced replay continues without waiting for rows that it has applied', async () => {
  await withDirectory(async (directory) => {
    const files = [await sampleIn(directory, { days: 1, dirt: 0 })]
    const state = join(directory, 'state')
    const first = await replay(files, state, { speed: QUICKLY }, stopAfter(3000))
    assert.equal(first.done, false)
    const next = await replay(files, state, { speed: SLOWLY }, stopAfter(1))
    assert.equal(next.counters.duplicate, first.counters.applied)
    assert.ok(next.counters.applied > 0, 'a new row was due immediately')
  })
})
