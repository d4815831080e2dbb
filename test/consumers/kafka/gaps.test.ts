// Missing offsets are reported and never passed silently; records that are not missing are read.
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { PulseError } from '../../../src/errors.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed, consumeTopic, type Changes, type Consumed } from './consuming.ts'
import { foreignProducer, messagesOf, rowsOf, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

type PartitionNow = NonNullable<IngestProgress['consumer']>['partitions'][number]

describe('gaps', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    await withDirectory(async (directory) => {
      rows = await rowsOf(await sampleIn(directory, { rows: 400, dirt: 0 }), 'avro')
    })
  })

  async function send(topic: string, partition: number, from: number, to: number): Promise<void> {
    const producer = await foreignProducer(broker.bootstrap)
    await producer.send({ topic, messages: messagesOf(rows.slice(from, to), partition) })
    await producer.disconnect()
  }

  const read = (topic: string, state: string, changes: Changes = {}) =>
    consumed(broker.bootstrap, topic, state, changes)

  /** Runs until `isSo`, then stops; returns the report that fulfilled it, and the end. */
  async function runUntil(
    topic: string,
    state: string,
    isSo: (partitions: readonly (PartitionNow | undefined)[]) => boolean,
    changes: Changes = {},
  ) {
    const seen: NonNullable<IngestProgress['consumer']>[] = []
    const options = { ...changes, untilCaughtUp: false }
    const ended = await consumeTopic(broker.bootstrap, topic, state, options, (now, stop) => {
      if (seen.length > 0 || now.consumer === null || !isSo(now.consumer.partitions)) return
      seen.push(now.consumer)
      stop()
    })
    assert.equal(seen.length, 1)
    return { seen: seen[0], ...ended }
  }

  const refuses = (work: Promise<unknown>, sentence: RegExp, code = 'kafka'): Promise<void> =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof PulseError, String(error))
      assert.match(error.message, sentence)
      assert.equal(error.code, code)
      return true
    })

  test('records that were deleted before they were read stop their partition only', () =>
    withDirectory(async (directory) => {
      const topic = uniqueName('deleted')
      await broker.createTopic(topic, { partitions: 2 })
      for (const partition of [0, 1]) await send(topic, partition, 0, 100)
      const state = join(directory, 'state')
      const before = await read(topic, state)
      assert.deepEqual(positions(before), [100, 100])
      for (const partition of [0, 1]) await send(topic, partition, 100, 200)
      await broker.deleteRecords(topic, 0, 150)

      const sentence = /partition 0: offsets 100 to 149 \(50\) were deleted.*begins at 150/
      const { seen, warnings } = await runUntil(
        topic,
        state,
        ([first, second]) => first?.gap === true && second?.appliedOffset === 200,
      )
      assert.match(seen.partitions[0].stopped ?? '', sentence)
      assert.equal(seen.partitions[0].appliedOffset, 100)
      assert.deepEqual([seen.partitions[1].gap, seen.partitions[1].stopped], [false, null])
      assert.equal(seen.errors['gap'], 1)
      assert.ok(warnings.some((text) => sentence.test(text) && /--on-gap/.test(text)))

      await refuses(read(topic, state), sentence)
      const copy = join(directory, 'latest')
      cpSync(state, copy, { recursive: true })
      const earliest = await read(topic, state, { onGap: 'earliest' })
      checkPassed(earliest, { gaps: 1, records: 50 })
      assert.deepEqual(positions(earliest), [200, 200])
      assert.deepEqual([earliest.logs[0].applied, earliest.logs[0].skipped], [150, 50])
      const latest = await read(topic, copy, { onGap: 'latest' })
      assert.deepEqual([latest.logs[0].applied, latest.logs[0].skipped], [100, 100])
      assert.equal(latest.progress.consumer?.gapsPassed.gaps, 1)
      assert.deepEqual((await read(topic, copy)).hash, latest.hash)
    }))

  test('a consumer that began at the end and read no row continues there, not at a later end', () =>
    withDirectory(async (state) => {
      const topic = uniqueName('begun')
      await broker.createTopic(topic, { partitions: 2 })
      await send(topic, 0, 0, 40)
      const wanted = { from: 'latest' } as const
      const begun = ([first, second]: readonly (PartitionNow | undefined)[]): boolean =>
        first?.committedOffset === 40 && second?.committedOffset === 0
      await runUntil(topic, state, begun, wanted)
      for (const partition of [0, 1]) await send(topic, partition, 40, 60)
      const found = await read(topic, state, wanted)
      assert.deepEqual(
        found.logs.map(({ first, next, applied }) => [first, next, applied]),
        [
          [40, 60, 20],
          [0, 20, 20],
        ],
      )
    }))

  test('records that were deleted below the position are not a gap', () =>
    withDirectory(async (directory) => {
      const topic = uniqueName('deleted')
      await broker.createTopic(topic, { partitions: 1 })
      await send(topic, 0, 0, 100)
      const state = join(directory, 'state')
      await read(topic, state)
      await broker.deleteRecords(topic, 0, 100)
      await send(topic, 0, 100, 120)
      const found = await read(topic, state)
      assert.deepEqual([found.logs[0].applied, found.logs[0].skipped], [120, 0])
    }))

  test('a topic that was recreated under its name is another one', () =>
    withDirectory(async (directory) => {
      const topic = uniqueName('again')
      await broker.createTopic(topic, { partitions: 1 })
      await send(topic, 0, 0, 100)
      const state = join(directory, 'state')
      // Detected while running, and at every later start.
      let made = false
      const { seen } = await runUntil(topic, state, ([log]) => {
        if (log?.appliedOffset === 100 && !made) {
          made = true
          void remake(topic)
        }
        return log?.gap === true
      })
      const sentence =
        /topic again-.*, partition 0: this is not the topic that was read up to offset 100/
      assert.match(seen.partitions[0].stopped ?? '', sentence)
      await refuses(read(topic, state), sentence)
      const passed = await read(topic, state, { onGap: 'earliest' })
      assert.equal(passed.applied, 150)
      assert.equal(passed.logs.length, 2, 'the position in the former topic is kept')
      assert.deepEqual(passed.logs.map(({ applied }) => applied).toSorted(), [100, 50])
      checkPassed(passed, { gaps: 1, records: 0 })
      assert.equal((await read(topic, state)).hash, passed.hash, 'its position is known now')
    }))

  async function remake(topic: string): Promise<void> {
    await broker.deleteTopic(topic)
    for (;;) {
      try {
        await broker.createTopic(topic, { partitions: 1 })
        break
      } catch {
        // The former topic is deleted asynchronously.
      }
    }
    await send(topic, 0, 100, 150)
  }
})

const positions = ({ logs }: Consumed): number[] => logs.map(({ next }) => next)

function checkPassed(
  { progress, warnings }: Awaited<ReturnType<typeof consumed>>,
  passed: { gaps: number; records: number },
): void {
  assert.deepEqual(progress.consumer?.gapsPassed, passed)
  assert.ok(warnings.some((text) => /continuing at offset \d+ \(--on-gap earliest\)/.test(text)))
}
