// A loop that only fetches a topic, the upper bound of any consumer. Arguments: METHOD BROKERS TOPIC
// RECORDS. METHOD is `package`, fetch() of the client library, or `own`, src/kafka's fetch and walk.
import assert from 'node:assert/strict'
import { clientOptions, Consumer } from '../src/kafka/client.ts'
import { createFetcher } from '../src/kafka/fetch.ts'
import { checkBatch, nextRecord, openRecords, readBatch } from '../src/kafka/record-batch.ts'

/** The fetch sizes of the consumer. */
const MOST_BYTES = 16 * 2 ** 20
const MOST_PARTITION_BYTES = 4 * 2 ** 20
const LONGEST_WAIT_MS = 100
const READ_COMMITTED = 1

const [method, brokers, topic, expected] = process.argv.slice(2)
const connection = { brokers: brokers.split(','), clientId: 'test', tls: null, sasl: null }
const consumer = new Consumer({ ...clientOptions(connection), groupId: 'bench-fetch' })
const metadata = await consumer.metadata({ topics: [topic] })
const { id: topicId, partitions } = metadata.topics.get(topic)!
const [{ leader }] = partitions

/** What was read; every value is touched, so that the work is not optimised away. */
const read = { records: 0, bytes: 0 }

async function fetchByPackage(): Promise<void> {
  const next = partitions.map(() => 0n)
  while (read.records < Number(expected)) {
    const { responses } = await consumer.fetch({
      node: leader,
      maxWaitTime: LONGEST_WAIT_MS,
      minBytes: 1,
      maxBytes: MOST_BYTES,
      isolationLevel: READ_COMMITTED,
      topics: [{ topicId, partitions: next.map(positionOf) }],
    })
    for (const { partitionIndex, records } of responses[0]?.partitions ?? []) {
      for (const batch of records ?? []) {
        const records = (batch.attributes & CONTROL) === 0 ? batch.records : []
        for (const { value } of records) {
          read.records++
          read.bytes += value?.length ?? 0
        }
        next[partitionIndex] = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
      }
    }
  }
}

/** The attribute of a batch that holds the marker of a transaction. */
const CONTROL = 0x20

const positionOf = (fetchOffset: bigint, partition: number) => ({
  partition,
  fetchOffset,
  currentLeaderEpoch: -1,
  lastFetchedEpoch: -1,
  partitionMaxBytes: MOST_PARTITION_BYTES,
})

/** As in the consumer: the next request is sent before an answer is processed. */
async function fetchByProject(): Promise<void> {
  const fetcher = createFetcher(connection)
  const broker = metadata.brokers.get(leader)!
  const next = partitions.map(() => 0)
  const ask = () =>
    fetcher.fetch(broker, {
      topicId,
      positions: next.map((offset, partition) => ({ partition, offset, lastEpoch: -1 })),
      maxBytes: MOST_BYTES,
      maxPartitionBytes: MOST_PARTITION_BYTES,
      maxWaitMs: LONGEST_WAIT_MS,
    })
  let asked = ask()
  while (read.records < Number(expected)) {
    const answer = await asked
    for (const { partition, records } of answer.partitions)
      next[partition] = endOf(records, next[partition])
    asked = ask()
    for (const { records } of answer.partitions) walk(records)
  }
  await asked
  await fetcher.close()
}

function endOf(bytes: Buffer, otherwise: number): number {
  let end = otherwise
  for (let at = 0; ;) {
    const batch = readBatch(bytes, at, bytes.length)
    if (batch === null) return end
    end = batch.lastOffset + 1
    at = batch.to
  }
}

function walk(bytes: Buffer): void {
  for (let at = 0; ;) {
    const batch = readBatch(bytes, at, bytes.length)
    if (batch === null) return
    at = batch.to
    if (batch.control) continue
    assert.equal(checkBatch(bytes, batch), null)
    const cursor = openRecords(bytes, batch)
    assert.ok(typeof cursor !== 'string', 'the batches are intact: the bench wrote them')
    while (nextRecord(cursor) === 1) {
      read.records++
      read.bytes += cursor.valueTo - cursor.valueFrom
    }
  }
}

await (method === 'own' ? fetchByProject() : fetchByPackage())
await consumer.close()
assert.equal(read.records, Number(expected))
process.stdout.write(JSON.stringify(read))
