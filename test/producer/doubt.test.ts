// A producer that does not know whether its transaction was committed, or whether it still owns it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { contentId } from '../../src/parquet/identity/identity.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { endTxnV3, initProducerIdV4 } from '../../src/kafka/client.ts'
import { closeLink, hasError, openLink, type Link } from '../../src/kafka/coordinators.ts'
import {
  addOffset,
  addPartitions,
  committedOffset,
  endTransaction,
  renew,
  takeOver,
} from '../../src/kafka/transactions.ts'
import { committedOf } from '../../src/producer/owners.ts'
import { nameOf } from '../../src/producer/progress.ts'
import { produceFiles } from '../../src/producer/run.ts'
import type { ProduceProgress } from '../../src/producer/send.ts'
import { needsKafka, withCluster } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { readTopic } from '../e2e/produced.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { withTcpProxy } from '../tcp-proxy.ts'
import { until } from '../until.ts'

const ROWS = 8000

/** Sends a file through some brokers; `onTrouble` receives what fails. */
async function send(
  brokers: string[],
  topic: string,
  path: string,
  onTrouble: (sentence: string) => void,
  rowsPerSecond?: number,
  onProgress: (progress: ProduceProgress) => void = () => undefined,
  notes: string[] = [],
): Promise<number> {
  const options = {
    ...{ files: [path], topic, partitions: null, create: false, format: 'avro' as const },
    ...{
      connection: { brokers, clientId: 'test', tls: null, sasl: null },
      registry: null,
      fromRow: null,
      shiftTo: null,
    },
    ...{ compression: 'none' as const, units: AUTO_UNITS, timeZone: 'UTC' },
    speed: rowsPerSecond === undefined ? null : { rowsPerSecond },
  }
  const listener = { onProgress, onNote: (note: string) => notes.push(note), onTrouble }
  return (await produceFiles(options, listener).ended).sent
}

/** Fails when a row is missing or there twice. */
async function assertOnce(brokers: string[], topic: string): Promise<void> {
  const rows = (await readTopic(brokers, topic)).map(({ row }) => row)
  assert.deepEqual([new Set(rows).size, rows.length], [ROWS, ROWS])
}

const CONNECTION = { clientId: 'test', tls: null, sasl: null }

describe('a transaction in doubt', needsKafka(), () => {
  let broker: Operations
  let link: Link
  before(async () => {
    broker = await sharedBroker()
  })
  const withLink = async (work: () => Promise<void>): Promise<void> => {
    link = openLink({ brokers: broker.bootstrap, ...CONNECTION })
    try {
      await work()
    } finally {
      await closeLink(link)
    }
  }

  for (const lost of ['answer', 'request'] as const) {
    test(`whose ${lost} of the commit is lost is committed once`, () =>
      withDirectory(async (directory) => {
        const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
        const topic = uniqueName('doubt')
        await broker.createTopic(topic, { partitions: 2 })
        const { async: original } = endTxnV3.api
        let calls = 0
        endTxnV3.api.async = async (...given: Parameters<typeof original>) => {
          calls++
          if (calls % 3 === 1 && lost === 'request') throw new Error('the connection is lost')
          const answer = await original(...given)
          if (calls % 3 === 1) throw new Error('the connection is lost')
          return answer
        }
        try {
          const troubles: string[] = []
          const sent = await send(broker.bootstrap, topic, path, (text) => troubles.push(text))
          assert.equal(sent, ROWS)
          assert.match(troubles[0], /the connection is lost; retrying/)
        } finally {
          endTxnV3.api.async = original
        }
        await assertOnce(broker.bootstrap, topic)
      }))
  }

  test('the later producer of a transactional id wins, and the earlier one is refused', () =>
    withLink(async () => {
      const topic = uniqueName('doubt')
      await broker.createTopic(topic, { partitions: 1 })
      const id = uniqueName('id')
      const earlier = await takeOver(link, id, 30_000)
      await addPartitions(link, earlier, topic, [0])
      const later = await takeOver(link, id, 30_000)
      const isFenced = (error: unknown): boolean => hasError(error, 'PRODUCER_FENCED')
      await assert.rejects(endTransaction(link, earlier, 'commit'), isFenced)
      await addPartitions(link, later, topic, [0])
      // Kafka itself would abort the transaction of the later producer.
      await assert.rejects(renew(link, earlier), isFenced)
      await endTransaction(link, later, 'commit')
    }))

  test('a producer keeps its id as long as no other one has taken it over', () =>
    withLink(async () => {
      const id = uniqueName('id')
      const first = await takeOver(link, id, 30_000)
      const second = await renew(link, first)
      assert.deepEqual([second.id, second.epoch], [first.id, first.epoch + 1])
      // The brokers forget an id that was idle for a week.
      const forgotten = { ...first, transactionalId: uniqueName('id'), epoch: 7 }
      assert.equal((await renew(link, forgotten)).transactionalId, forgotten.transactionalId)
    }))

  test('a transaction that the brokers never end stops the producer, with what to do', () =>
    withLink(async () => {
      const name = uniqueName('doubt')
      await broker.createTopic(name, { partitions: 1 })
      const source = { path: 'a.parquet', id: uniqueName('id'), formerId: '', rows: 9, reading: {} }
      const topic = { name, id: '', partitions: 1 }
      // Of another producer, so that no claim of this one ends it.
      const other = await takeOver(link, uniqueName('id'), 30_000)
      const group = nameOf(source, topic)
      await addOffset(link, other, { group, topic: name, partition: 0, offset: 1, metadata: '' })
      const expected = /^a.parquet: a transaction .* has no end, expected one .*find-hanging/
      const error = { code: 'kafka', message: expected }
      await assert.rejects(committedOf({ link, topic }, [source], 100), error)
      await endTransaction(link, other, 'abort')
      assert.deepEqual(await committedOf({ link, topic }, [source], 30_000), [null])
    }))

  test('a run that waits for the transaction of another producer reports it', () =>
    withDirectory((directory) =>
      withLink(async () => {
        const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
        const name = uniqueName('doubt')
        await broker.createTopic(name, { partitions: 1 })
        assert.equal(await send(broker.bootstrap, name, path, () => undefined), ROWS)
        const id = contentId(createHash('sha256').update(readFileSync(path)).digest('hex'))
        const group = nameOf({ id }, { name })
        const other = await takeOver(link, uniqueName('id'), 30_000)
        await addOffset(link, other, { group, topic: name, partition: 0, offset: 1, metadata: '' })
        const notes: string[] = []
        const again = send(
          broker.bootstrap,
          name,
          path,
          () => undefined,
          undefined,
          undefined,
          notes,
        )
        await until('a note', () => notes.some((note) => note.startsWith('waiting for the end')))
        await endTransaction(link, other, 'abort')
        assert.equal(await again, 0)
      }),
    ))

  test('an offset that is not committed is none, not 0', () =>
    withLink(async () => {
      const topic = uniqueName('doubt')
      await broker.createTopic(topic, { partitions: 1 })
      assert.equal(await committedOffset(link, uniqueName('group'), topic, 0, 1000), null)
    }))
})

test('a transaction is ended again when a broker dies before it writes the end', needsKafka(), () =>
  withCluster({}, async ({ brokers: [broker], bootstrap, createTopic }) => {
    await withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = uniqueName('doubt')
      await createTopic(topic, { partitions: 2 })
      const { async: original } = endTxnV3.api
      let ends = 0
      endTxnV3.api.async = async (...given: Parameters<typeof original>) => {
        const answer = await original(...given)
        if (ends++ > 0) return answer
        // The end is decided, and its markers are on their way to the logs.
        await broker.stop('SIGKILL')
        await broker.start()
        throw new Error('the connection is lost')
      }
      try {
        assert.equal(await send(bootstrap, topic, path, () => undefined), ROWS)
      } finally {
        endTxnV3.api.async = original
      }
      await assertOnce(bootstrap, topic)
    })
  }),
)

test('brokers that are lost before the first row is sent are reported', needsKafka(), () =>
  withCluster({}, async ({ brokers: [broker], bootstrap, createTopic }) => {
    await withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: 10, dirt: 0 })
      const topic = uniqueName('doubt')
      await createTopic(topic, { partitions: 1 })
      const { async: original } = initProducerIdV4.api
      initProducerIdV4.api.async = async (...given: Parameters<typeof original>) => {
        await broker.stop('SIGKILL')
        return original(...given)
      }
      const expected = { code: 'kafka', message: /^no answer from Kafka at 127\.0\.0\.1:\d+ \(/ }
      try {
        await assert.rejects(
          send(bootstrap, topic, path, () => undefined),
          expected,
        )
      } finally {
        initProducerIdV4.api.async = original
      }
    })
  }),
)

test('connections that are reset within any answer cost no row', needsKafka(), () =>
  withTcpProxy((proxy) =>
    withCluster({ advertised: [proxy.port] }, async (cluster) => {
      proxy.pointTo(cluster.brokers[0].proxyPort)
      await withDirectory(async (directory) => {
        const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
        const topic = uniqueName('doubt')
        await cluster.createTopic(topic, { partitions: 2 })
        const { brokers } = await cluster.connection('proxy')
        let troubles = 0
        let begun = false
        const sending = send(
          ...([brokers, topic, path, () => troubles++, 500] as const),
          ({ sent }) => (begun = sent > 0),
        )
        await until('rows', () => begun)
        for (const afterBytes of [700, 1100, 1700, 2900]) {
          await proxy.become({ kind: 'cut', afterBytes })
          const { cut } = proxy.counts()
          await until('cuts', () => proxy.counts().cut > cut + 3)
        }
        await proxy.become({ kind: 'pass' })
        assert.equal(await sending, ROWS)
        assert.ok(troubles > 0, 'requests failed')
        await assertOnce(cluster.bootstrap, topic)
      })
    }),
  ),
)
