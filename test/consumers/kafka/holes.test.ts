// Logs with holes, which compaction makes; row 11 of the faults has truncated logs.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import { fetchRecords, type recordsOf } from '../../kafka/fetching.ts'
import { foreignProducer, rowsOf, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

const someRows = (rows: number): Promise<Row[]> =>
  withDirectory(async (directory) =>
    rowsOf(await sampleIn(directory, { rows, dirt: 0, subscribers: rows }), 'avro'),
  )

describe('a log that lacks records:', { ...needsKafka(), concurrency: 2 }, () => {
  /** Sends messages to partition 0, in one batch. */
  async function send(
    { bootstrap }: Operations,
    topic: string,
    messages: readonly { key: string; value: Buffer | null }[],
  ): Promise<void> {
    const producer = await foreignProducer(bootstrap)
    await producer.send({ topic, messages: [...messages] })
    await producer.disconnect()
  }

  test('compaction: remaining records are applied once, holes are counted, a position may be in one', () =>
    withDirectory(async (directory) => {
      const broker = await sharedBroker()
      const rows = (await someRows(120)).map(({ value }) => value)
      const topic = uniqueName('compacted')
      await broker.createTopic(topic, {
        partitions: 1,
        configs: {
          ...{ 'cleanup.policy': 'compact', 'segment.ms': '50', 'max.compaction.lag.ms': '100' },
          ...{ 'min.cleanable.dirty.ratio': '0.001', 'min.compaction.lag.ms': '0' },
        },
      })
      // Keys are repeated in later batches: the records at offsets 5 to 34 are removed.
      const batch = (from: number, to: number, key: (at: number) => string, value = true) =>
        send(
          broker,
          topic,
          rows.slice(from, to).map((row, at) => ({ key: key(at), value: value ? row : null })),
        )
      await batch(0, 10, (at) => `a${at}`)
      await batch(10, 15, (at) => `a${at + 5}`)
      const state = join(directory, 'state')
      const first = await consumed(broker.bootstrap, topic, state)
      const at = first.logs[0].next
      await batch(20, 40, (n) => `b${n}`)
      await batch(40, 60, (n) => `b${n}`)
      await batch(60, 63, (n) => `a${n + 5}`, false)
      await batch(63, 65, (n) => `a${n + 8}`)
      // The active segment is not compacted: a record must follow each of these.
      let list: ReturnType<typeof recordsOf> = []
      const isHoled = (): boolean =>
        list.length > 0 && !list.some(({ offset }) => offset >= 5 && offset < at + 20)
      for (let n = 0; !isHoled(); n++) {
        await send(broker, topic, [{ key: `end${n}`, value: rows[70] }])
        list = (await fetchRecords(broker.bootstrap, topic)).records
      }
      const tails = list.filter(
        ({ offset, lastOffset }, n) =>
          offset < lastOffset && (list[n + 1]?.lastOffset ?? -1) !== lastOffset,
      )
      assert.ok(tails.length > 0, "a batch's tail was compacted away")
      assert.ok(!list.some(({ offset }) => offset === at), 'the position is in a hole')

      const whole = await consumed(broker.bootstrap, topic, join(directory, 'whole'))
      const [log] = whole.logs
      const { stableOffset: end } = await fetchRecords(broker.bootstrap, topic)
      assert.equal(log.next, end)
      assert.equal(log.applied + log.rejected, list.length)
      assert.equal(log.skipped, end - list.length)
      assert.equal(log.skipped, 30, 'offsets 5 to 34')
      assert.equal(whole.progress.consumer?.partitions[0].compacted, 30)
      assert.ok(whole.warnings.some((text) => /partition 0: the topic is compacted/.test(text)))
      assert.ok(!first.warnings.some((text) => /compacted/.test(text)), 'no hole yet')
      assert.ok(
        whole.rejectedRows.every(({ reason, value }) => reason === 'no-value' && value === null),
      )
      assert.equal(whole.rejectedRows.length, list.length - log.applied)

      const rest = await consumed(broker.bootstrap, topic, state)
      const later = list.filter(({ offset }) => offset >= at).length
      const { applied, rejected, next } = rest.logs[0]
      assert.deepEqual([next, applied + rejected], [end, at + later])
      assert.equal(rest.progress.counters.duplicate, 0)
    }))
})
