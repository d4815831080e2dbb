// Reads a partition in responses of any size: the parts of the consumer without its loops.
import { createJsonColumns } from '../../consumers/kafka/log/json-columns.ts'
import { createTopicUnits } from '../../consumers/kafka/log/units.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { createFetcher, type FetchedPartition } from '../../src/kafka/fetch.ts'
import { Consumer } from '../../src/kafka/client.ts'
import { createLogPartition } from '../../consumers/kafka/log/partition.ts'
import { createLogReader, readFetched } from '../../consumers/kafka/log/reader.ts'
import {
  createFormat,
  WAITING,
  type MessageFormat,
} from '../../consumers/kafka/log/message-format.ts'
import { nextRecord, openRecords, readBatch } from '../../src/kafka/record-batch.ts'
import { createMessageBatch, BATCH_ROWS } from '../../consumers/kafka/log/message-batch.ts'
import { createIngestStats } from '../../consumers/ingest/ingest-stats.ts'
import { describeTopic, sourceOf, type TopicView } from '../../src/kafka/topic.ts'
import { XDR_SCHEMA } from '../../src/record/xdr-schema.ts'
import { createPosition } from '../../state/partition-metadata.ts'
import { openState } from '../../state/writer.ts'
import { uniqueName } from '../broker-operations.ts'
import { readConsumed, type Consumed } from '../consumers/kafka/consuming.ts'
import { STATE } from '../consumers/files/replaying.ts'

const PLAIN = { clientId: 'test', tls: null, sasl: null }
const WHOLE_BYTES = 2 ** 26
/** Far more than a thousand records need in the smallest responses. */
const MAX_RESPONSES = 3000

/** Runs `work` with the metadata of a topic. */
async function withTopic<T>(
  brokers: readonly string[],
  topic: string,
  work: (view: TopicView) => Promise<T>,
): Promise<T> {
  const name = uniqueName('viewer')
  const consumer = new Consumer({ clientId: name, groupId: name, bootstrapBrokers: [...brokers] })
  try {
    const view = await describeTopic(consumer, topic)
    if (view === null) throw new Error(`${topic} does not exist`)
    return await work(view)
  } finally {
    await consumer.close(true)
  }
}

type Fetch = (partition: number, offset: number, bytes: number) => Promise<FetchedPartition>

async function withFetch<T>(
  brokers: readonly string[],
  view: TopicView,
  work: (fetch: Fetch) => Promise<T>,
): Promise<T> {
  const fetcher = createFetcher({ brokers, ...PLAIN })
  try {
    return await work(async (partition, offset, maxPartitionBytes) => {
      const broker = view.brokers.get(view.leaders[partition])
      if (broker === undefined) throw new Error('the partition has no leader')
      const { partitions } = await fetcher.fetch(broker, {
        topicId: view.id,
        positions: [{ partition, offset, lastEpoch: -1 }],
        ...{ maxBytes: WHOLE_BYTES, maxPartitionBytes, maxWaitMs: 100 },
      })
      return partitions[0]
    })
  } finally {
    await fetcher.close()
  }
}

/** Fetches a partition from an offset on, in one response. */
export const fetchWhole = (
  brokers: readonly string[],
  topic: string,
  partition: number,
  from = 0,
): Promise<FetchedPartition> =>
  withTopic(brokers, topic, (view) =>
    withFetch(brokers, view, (fetch) => fetch(partition, from, WHOLE_BYTES)),
  )

/** Offsets of all records in some batches, and the last offset of their batch. */
export function recordsOf(bytes: Buffer): { offset: number; lastOffset: number }[] {
  const found: { offset: number; lastOffset: number }[] = []
  for (let at = 0; ;) {
    const batch = readBatch(bytes, at, bytes.length)
    if (batch === null) return found
    at = batch.to
    const cursor = openRecords(bytes, batch)
    if (typeof cursor === 'string') throw new Error(cursor)
    if (batch.control) continue
    while (nextRecord(cursor) === 1) found.push({ ...cursor, lastOffset: batch.lastOffset })
  }
}

/** All records of partition 0, in several responses: one never spans two segments. */
export const fetchRecords = (
  brokers: readonly string[],
  topic: string,
): Promise<{ records: ReturnType<typeof recordsOf>; stableOffset: number }> =>
  withTopic(brokers, topic, (view) =>
    withFetch(brokers, view, async (fetch) => {
      const records: ReturnType<typeof recordsOf> = []
      for (let at = 0; ;) {
        const answer = await fetch(0, at, WHOLE_BYTES)
        const found = recordsOf(answer.records)
        if (found.length === 0) return { records, stableOffset: answer.stableOffset }
        records.push(...found)
        at = found[found.length - 1].lastOffset + 1
      }
    }),
  )

/** The size of responses, and after how many records reading stops. */
export interface Cutting {
  maxPartitionBytes: number
  stopEvery: number
}

/** Cases that occurred while reading. */
export interface Met {
  /** Responses that end within a batch. */
  cut: number
  /** Responses that begin within an aborted transaction. */
  within: number
  /** Records that were fetched again, because reading had stopped within their batch. */
  again: number
  /** Records that were counted as duplicates. */
  duplicates: number
}

/** Reads partition 0 of a topic to its stable end, into a new state. */
export async function readByHand(
  brokers: readonly string[],
  topic: string,
  stateDirectory: string,
  { maxPartitionBytes, stopEvery }: Cutting,
): Promise<Consumed & Met> {
  const state = await openState(stateDirectory, STATE, 'test')
  const met: Met = { cut: 0, within: 0, again: 0, duplicates: 0 }
  const stats = createIngestStats(
    { missingMsisdnZero: false },
    { commitIntervalMs: 0, keepRejected: 1000 },
    BATCH_ROWS,
  )
  const format = stoppingFormat(stopEvery)
  const known = { durationUnit: 'ms', evidence: '' } as const
  const units = createTopicUnits(topic, AUTO_UNITS, known, format.texts)
  const json = createJsonColumns(topic, {}, [])
  const options = { format, partitions: 1, units, json, cutoverMs: null }
  const reader = createLogReader(createMessageBatch(options, stats))
  const source = { name: topic, kind: 'topic', rows: 0, order: 'offset' } as const
  try {
    await withTopic(brokers, topic, (view) =>
      withFetch(brokers, view, async (fetch) => {
        const log = createLogPartition(
          topic,
          0,
          state.partitions[0],
          sourceOf(view),
          createPosition({ ...source, durationUnit: 'ms', evidence: '' }),
        )
        log.state.positions.set(log.source, log.position)
        for (let responses = 0; log.position.next < log.stableOffset || responses === 0;) {
          if (++responses > MAX_RESPONSES) throw new Error('reading does not end')
          const at = log.position.next
          const fetched = await fetch(0, at, maxPartitionBytes)
          if (endsWithin(fetched.records)) met.cut++
          if (fetched.aborted.some(({ firstOffset }) => firstOffset < at)) met.within++
          met.again += recordsOf(fetched.records).filter(({ offset }) => offset < at).length
          log.waitingFor = null
          const gap = readFetched(reader, log, fetched)
          if (gap !== null) throw new Error(gap.message)
          stats.commit([log.state])
        }
      }),
    )
    met.duplicates = stats.counters.duplicate
  } finally {
    await state.close()
  }
  return { ...(await readConsumed(stateDirectory)), ...met }
}

function endsWithin(bytes: Buffer): boolean {
  for (let at = 0; ;) {
    const batch = readBatch(bytes, at, bytes.length)
    if (batch === null) return at < bytes.length
    at = batch.to
  }
}

/** Decodes Avro, and waits once after every `every` records: so reading stops within a batch. */
function stoppingFormat(every: number): MessageFormat {
  const format = createFormat({
    format: 'avro',
    registry: null,
    schema: XDR_SCHEMA,
    timeZone: 'UTC',
    source: { mapped: {} },
    onSchema: () => undefined,
  })
  let left = every
  return {
    ...format,
    decode: (...message) => {
      if (left-- > 0) return format.decode(...message)
      left = every
      return WAITING
    },
  }
}
