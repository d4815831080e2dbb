// What a member has lost comes back from the changelog, and only what continues it is used.
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { planReread } from '../../../consumers/kafka/reread.ts'
import type { Consumer } from '../../../src/kafka/client.ts'
import { openStateToRead } from '../../../state/read.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import type { Row } from '../kafka/messages.ts'
import {
  contentOf,
  deleteAll,
  lose,
  newLogged,
  read,
  send,
  someRows,
  sourcesOf,
  stateIn,
} from './changelogs.ts'

const PARTITIONS = 2
const RESTORED =
  /^partition \d: restored from checkpoint \d+ of member-.*, \d+ bytes, .* s; rejected/
const CONTINUED = /^partition \d: the state on this disk continues checkpoint \d+ of the changelog$/

const allMatch = (sentences: readonly string[], pattern: RegExp): void => {
  assert.equal(sentences.length, PARTITIONS, sentences.join('\n'))
  for (const sentence of sentences) assert.match(sentence, pattern)
}

/** Its rows would come back from the changelog. */
async function assertNotReread(directory: string): Promise<void> {
  const state = openStateToRead(directory)
  const consumer = undefined as unknown as Consumer
  const message = /partition 0 is published to a changelog, which would restore what is dropped/
  await assert.rejects(planReread(state.stores[0], consumer), { code: 'state-options', message })
  await state.close()
}

describe('a changelog', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    rows = await someRows(1200, 0.2)
  })

  test('gives a lost directory back, without one row of the topic', () =>
    withDirectory(async (directory) => {
      // Its topics are created by the member.
      const logged = await newLogged(broker, PARTITIONS, null)
      const state = stateIn(directory)
      await send(broker, logged, rows)
      const whole = await read(broker, logged, state)
      assert.ok(Object.keys(whole.rejected).length > 2, 'rows of several kinds are rejected')
      assert.ok(Object.keys(whole.coerced).length > 0)
      await assertNotReread(state)
      lose(state)
      await deleteAll(broker, logged)
      const again = await read(broker, logged, state)
      allMatch(sourcesOf(again), RESTORED)
      assert.equal(again.progress.counters.rows, 0)
      assert.deepEqual(contentOf(again), contentOf(whole))
      // The restored state continues, and its checkpoints are whole again.
      await send(broker, logged, rows.slice(0, 300))
      const more = await read(broker, logged, state)
      allMatch(sourcesOf(more), CONTINUED)
      assert.equal(more.progress.counters.rows, 300)
      lose(state)
      await deleteAll(broker, logged)
      assert.deepEqual(contentOf(await read(broker, logged, state)), contentOf(more))
    }))
  test('is not needed by a directory that continues its newest checkpoint', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, PARTITIONS)
      const [state, older] = [stateIn(directory), stateIn(directory, 'older')]
      await send(broker, logged, rows.slice(0, 400))
      const first = await read(broker, logged, state)
      allMatch(sourcesOf(first), /has no checkpoint; it begins with the state on this disk/)
      cpSync(state, older, { recursive: true })
      await send(broker, logged, rows.slice(400))
      const whole = await read(broker, logged, state)
      allMatch(sourcesOf(whole), CONTINUED)
      // What the older copy has not read is gone from the topic.
      await deleteAll(broker, logged)
      const copy = await read(broker, logged, older)
      allMatch(sourcesOf(copy), RESTORED)
      assert.deepEqual(contentOf(copy), contentOf(whole))
      assert.equal(copy.progress.counters.rows, 0)
    }))

  test('replaces a directory whose partitions another member has published since', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, PARTITIONS)
      const [one, two] = [stateIn(directory, 'one'), stateIn(directory, 'two')]
      await send(broker, logged, rows.slice(0, 400))
      await read(broker, logged, one)
      await send(broker, logged, rows.slice(400, 800))
      allMatch(sourcesOf(await read(broker, logged, two)), RESTORED)
      // The first one reads on by itself, and is then as far as the other: a position is not a version.
      await read(broker, logged, one, { changelog: null })
      await send(broker, logged, rows.slice(800))
      const again = await read(broker, logged, one)
      allMatch(sourcesOf(again), RESTORED)
      assert.equal(again.progress.counters.rows, 400)
      const other = await read(broker, logged, stateIn(directory, 'other'), { changelog: null })
      assert.equal(again.hash, other.hash)
    }))
  test('has what a member has read when it gives a partition back', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, PARTITIONS)
      await send(broker, logged, rows)
      const changelog = { prefix: logged.prefix, intervalMs: 3_600_000 }
      const live = { changelog, groupId: uniqueName('group'), untilCaughtUp: false }
      const caughtUp = Promise.withResolvers<() => void>()
      const one = read(broker, logged, stateIn(directory, 'one'), live, (now, stop) => {
        if (now.consumer?.caughtUp === true) caughtUp.resolve(stop)
      })
      const stopOne = await caughtUp.promise
      const two = await read(broker, logged, stateIn(directory, 'two'), live, (now, stop) => {
        if (now.consumer?.caughtUp === true && now.consumer.partitions.length === 1) stop()
      })
      stopOne()
      await one
      const [sentence] = sourcesOf(two)
      assert.match(sentence, RESTORED)
      assert.equal(two.progress.counters.rows, 0, 'nothing is read again')
    }))
})
