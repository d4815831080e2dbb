// A producer on a real broker: records, reconciliation and refusals.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import avro from 'avsc'
import { Partitioners } from 'kafkajs'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { XDR_SCHEMA } from '../../src/record/xdr-schema.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { pulse, withPulse } from './command.ts'
import { placesInTime, readTopic, type Produced } from './produced.ts'

const SAMPLE = { rows: 6000, dirt: 0 }
const TYPE = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })

interface Reconciliation {
  rows: number
  sent: number
  alreadySent: number
  perPartition: number[]
  complete: boolean
}

/** The reconciliation of a run, which must succeed. */
async function reconciliationOf(argv: string[]): Promise<Reconciliation> {
  const { code, stdout, stderr } = await pulse([...argv, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Reconciliation
}

describe('produce', needsKafka(), () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })
  const to = (path: string, topic: string, ...more: string[]): string[] => [
    ...['produce', path, '--kafka', broker.bootstrap.join(',')],
    ...['--topic', topic, '--compression', 'none', ...more],
  ]
  const make = (partitions: number): string[] => ['--create-topic', '--partitions', `${partitions}`]

  test('every row is sent once, in order of Start, to the partition of its key', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { ...SAMPLE, dirt: 0 })
      const topic = uniqueName('produce')
      const began = Date.now()
      const reconciliation = await reconciliationOf(to(path, topic, ...make(3)))
      assert.equal(reconciliation.sent, SAMPLE.rows)
      assert.ok(reconciliation.complete)
      const found = await readTopic(broker.bootstrap, topic)
      assert.equal(new Set(found.map(({ row }) => row)).size, SAMPLE.rows)
      assert.equal(found.length, SAMPLE.rows)
      assert.deepEqual(
        reconciliation.perPartition,
        [0, 1, 2].map((p) => found.filter(({ partition }) => partition === p).length),
      )
      const places = await placesInTime(path)
      for (const p of [0, 1, 2]) {
        const inOrder = found
          .filter(({ partition }) => partition === p)
          .map(({ row }) => places[row])
        assert.deepEqual(
          inOrder,
          inOrder.toSorted((a, b) => a - b),
        )
      }
      for (const one of found) checkPlace(one, 3)
      assert.ok(found.every(({ timestampMs }) => timestampMs >= began && timestampMs <= Date.now()))
      assert.deepEqual(new Set(found.map(({ source }) => source)).size, 1)
      assert.match(found[0].source, /^[0-9a-f]{32}$/)
    }))

  test('rows in the topic are not sent again, new rows are, in any format', () =>
    withDirectory(async (directory) => {
      const [first, second] = [
        await sampleIn(directory, { ...SAMPLE, seed: 1, dirt: 0.2 }),
        await sampleIn(directory, { ...SAMPLE, seed: 2, dirt: 0.2 }),
      ]
      const topic = uniqueName('produce')
      const { sent } = await reconciliationOf(to(first, topic, ...make(2)))
      const again = await reconciliationOf(to(first, topic))
      assert.deepEqual([again.sent, again.alreadySent, again.complete], [0, sent, true])
      const both = await reconciliationOf(to(directory, topic, '--format', 'json'))
      assert.equal(both.alreadySent, sent)
      const found = await readTopic(broker.bootstrap, topic)
      assert.equal(new Set(found.map(({ source, row }) => `${source} ${row}`)).size, found.length)
      assert.equal(found.length, both.rows)
      assert.ok(second !== first)
    }))

  test('CSV gives the messages of Parquet, without malformed lines', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { ...SAMPLE, rows: 500 })
      const csv = join(directory, 'a.csv')
      await withDatabase({ threads: 1, memoryMiB: 256 }, (connection) =>
        connection.run(`COPY (FROM read_parquet(${literal(path)})) TO ${literal(csv)} (HEADER)`),
      )
      appendFileSync(csv, 'not,a,row\n')
      const topic = uniqueName('produce')
      const { code, stdout, stderr } = await pulse([...to(csv, topic, ...make(1)), '--json'])
      assert.equal(code, 0, stderr)
      assert.match(stderr, /a\.csv: 1 malformed lines are no rows and are not sent/)
      const { sent, rows } = JSON.parse(stdout) as Reconciliation
      assert.deepEqual([sent, rows], [500, 500])
      const found = await readTopic(broker.bootstrap, topic)
      assert.equal(new Set(found.map(({ row }) => row)).size, 500)
      const content = createHash('sha256').update(readFileSync(csv)).digest('hex')
      assert.ok(found.every(({ source }) => content.startsWith(source) && source.length === 32))
      const topicOfParquet = uniqueName('produce')
      await reconciliationOf(to(path, topicOfParquet, ...make(1)))
      const expected = await readTopic(broker.bootstrap, topicOfParquet)
      assert.deepEqual(
        found.map(({ key }) => key),
        expected.map(({ key }) => key),
      )
    }))

  test('rows without a valid MSISDN have no key and go to partition 0', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { ...SAMPLE, dirt: 0.5 })
      const topic = uniqueName('produce')
      await reconciliationOf(to(path, topic, ...make(3)))
      const without = (await readTopic(broker.bootstrap, topic)).filter(({ key }) => key === null)
      assert.ok(without.length > 100)
      assert.ok(without.every(({ partition }) => partition === 0))
    }))

  for (const codec of ['lz4', 'zstd']) {
    test(`the Java consumer reads batches compressed with ${codec}`, () =>
      withDirectory(async (directory) => {
        const path = await sampleIn(directory, SAMPLE)
        const topic = uniqueName('produce')
        await reconciliationOf([
          ...to(path, topic, ...make(1), '--format', 'json'),
          '--compression',
          codec,
        ])
        const read = await broker.javaTool('console-consumer', [
          ...['--topic', topic, '--from-beginning', '--max-messages', String(SAMPLE.rows)],
        ])
        const rows = read.trim().split('\n')
        assert.equal(rows.length, SAMPLE.rows)
        assert.ok(rows.every((row) => 'MSISDN/Number' in (JSON.parse(row) as object)))
      }))
  }

  test('with a registry, the schema id precedes each body', () =>
    withDirectory(async (directory) => {
      const asked: string[] = []
      const server = createServer((request, response) => {
        asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
        response.end('{"id": 258}')
      }).listen(0, '127.0.0.1')
      try {
        const path = await sampleIn(directory, SAMPLE)
        const topic = uniqueName('produce')
        const url = `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}/`
        await reconciliationOf(to(path, topic, ...make(1), '--registry', url))
        const basic = `Basic ${Buffer.from('user:secret').toString('base64')}`
        assert.deepEqual(asked, [`POST /subjects/${topic}-value/versions ${basic}`])
        for (const { value } of await readTopic(broker.bootstrap, topic)) {
          assert.deepEqual([...value.subarray(0, 5)], [0, 0, 0, 1, 2])
          TYPE.fromBuffer(value.subarray(5))
        }
      } finally {
        server.close()
      }
    }))

  test('rows are sent at the given rate, not in bursts', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { ...SAMPLE, rows: 2000 })
      const topic = uniqueName('produce')
      await reconciliationOf(to(path, topic, ...make(1), '--rate', '1000'))
      const times = (await readTopic(broker.bootstrap, topic)).map((one) => one.timestampMs)
      const tookMs = times.at(-1)! - times[0]
      assert.ok(tookMs > 1800, `2000 rows at 1000 per second took ${tookMs} ms`)
      assert.ok(new Set(times).size > 20, 'not in bursts')
    }))

  test('SIGTERM sends the pending rows and reconciles; the next run sends the rest', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, SAMPLE)
      const topic = uniqueName('produce')
      await broker.createTopic(topic, { partitions: 2 })
      const argv = to(path, topic, '--json')
      const stopped = await withPulse([...argv, '--rate', '2000'], async (running) => {
        await until('rows', async () => (await readTopic(broker.bootstrap, topic)).length > 0)
        running.process.kill('SIGTERM')
        return running.ended
      })
      assert.equal(stopped.code, 143)
      const reconciliation = JSON.parse(stopped.stdout) as Reconciliation
      assert.equal(reconciliation.complete, false)
      assert.equal((await readTopic(broker.bootstrap, topic)).length, reconciliation.sent)
      const rest = await reconciliationOf(to(path, topic))
      assert.equal(rest.alreadySent, reconciliation.sent)
      assert.equal(rest.sent, SAMPLE.rows - reconciliation.sent)
    }))

  test('a topic that is missing, unreachable or has other partitions is refused', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { ...SAMPLE, rows: 100 })
      const topic = uniqueName('produce')
      const absent = await pulse(to(path, topic))
      assert.equal(absent.code, 1)
      assert.match(absent.stderr, /does not exist.*--create-topic/)
      await broker.createTopic(topic, { partitions: 2 })
      const other = await pulse(to(path, topic, '--partitions', '3'))
      assert.equal(other.code, 1)
      assert.match(other.stderr, /has 2 partitions, expected 3/)
      const began = Date.now()
      const nobody = await pulse([...to(path, topic), '--kafka', '127.0.0.1:1'])
      assert.equal(nobody.code, 1)
      assert.match(nobody.stderr, /no answer from Kafka at 127\.0\.0\.1:1 .*ECONNREFUSED.*--kafka/)
      assert.ok(Date.now() - began < 15_000)
      const both = await pulse(to(path, topic, '--rate', '5', '--speed', '5'))
      assert.equal(both.code, 2)
    }))
})

/** Kafka's default partitioner, as kafkajs implements it. */
const partitioner = Partitioners.DefaultPartitioner()

function checkPlace({ key, partition, value }: Produced, partitions: number): void {
  const record = TYPE.fromBuffer(value) as { msisdn_number: { long: number } }
  assert.equal(key, String(record.msisdn_number.long))
  const metadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId }))
  const expected = partitioner({
    topic: '',
    partitionMetadata: metadata as Parameters<typeof partitioner>[0]['partitionMetadata'],
    message: { key, value },
  })
  assert.equal(partition, expected)
}
