// One loop for each broker that leads partitions read here: fetch, and hand over what came.
//
// While an answer is worked on, the next one is under way: its offsets are known from the headers of
// the batches. An answer that no longer begins at its log's position is dropped and fetched again, so
// whatever stops a log in the middle (an unknown schema, a gap, a rebalance) needs no other care.
import { performance } from 'node:perf_hooks'
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/errors.ts'
import type { Broker, KafkaConnection } from '../../../src/kafka/client.ts'
import {
  createFetcher,
  type FetchResponse,
  type FetchedPartition,
} from '../../../src/kafka/fetch.ts'
import type { LogPartition } from './partition.ts'
import { readBatch } from '../../../src/kafka/record-batch.ts'
import type { TopicView } from '../../../src/kafka/topic.ts'

/** What a loop needs of the consumption around it. */
export interface FetchHost {
  connection: KafkaConnection
  clientId: string
  topic(): TopicView
  /** False for a log that waits, has a gap, or is not ours any more. */
  isReadable: (log: LogPartition) => boolean
  /** Logs of the partitions that a node leads. */
  logsOf(node: number): LogPartition[]
  /** Deals with what was fetched; synchronous, so that nothing changes under it. */
  take(log: LogPartition, fetched: FetchedPartition): void
  /** Called at least every LONGEST_WAIT_MS: commits what is due. */
  tick(): void
  /** A broker cannot be reached; the fetch is repeated after it. */
  onFetchError(message: string): Promise<void>
  /** Ends everything: the store failed, or we have a bug. */
  onFailure: (error: unknown) => void
}

export interface FetchLoops {
  /** Starts loops for brokers that have none. */
  update(): void
  /** Resolves when every loop has dealt with what it had in hand. */
  stop(): Promise<void>
}

/** An answer is bounded by these; two are in memory at most, for each broker. */
const MOST_BYTES = 16 * 2 ** 20
const MOST_PARTITION_BYTES = 4 * 2 ** 20
/** An answer that takes longer than this is too large for the link; at half of it nothing changes. */
const SLOW_MS = 8000
const LEAST_BYTES = 64 * 2 ** 10
/** How long a broker holds back an empty answer; also how soon a new assignment is heard. */
const LONGEST_WAIT_MS = 100
const RETRY_MS = 200

interface Asked {
  offsets: Map<LogPartition, number>
  answer: Promise<FetchResponse>
}

/** Loops that read all readable logs, none of them started yet. */
export function createFetchLoops(host: FetchHost): FetchLoops {
  const loops = new Map<number, Promise<void>>()
  let stopping = false

  async function loop(node: number): Promise<void> {
    const fetcher = createFetcher(host.connection, host.clientId)
    const appetite = createAppetite()
    let turn = 0
    const ask = (ends: ReadonlyMap<LogPartition, number>): Asked | null => {
      const broker = host.topic().brokers.get(node)
      const logs = stopping ? [] : host.logsOf(node).filter(host.isReadable)
      if (broker === undefined || logs.length === 0) return null
      // An answer is filled in the order of asking: everyone is first in turn.
      const first = turn++ % logs.length
      return request(broker, [...logs.slice(first), ...logs.slice(0, first)], ends)
    }
    const request = (
      broker: Broker,
      logs: LogPartition[],
      ends: ReadonlyMap<LogPartition, number>,
    ): Asked => {
      const offsets = new Map(logs.map((log) => [log, ends.get(log) ?? log.position.next]))
      const positions = logs.map((log) => ({
        partition: log.number,
        offset: offsets.get(log) ?? 0,
        lastEpoch: ends.has(log) ? -1 : log.position.leaderEpoch,
      }))
      const answer = fetcher.fetch(broker, {
        topicId: host.topic().id,
        positions,
        maxBytes: appetite.bytes(),
        maxPartitionBytes: Math.min(MOST_PARTITION_BYTES, appetite.bytes()),
        maxWaitMs: LONGEST_WAIT_MS,
      })
      // It may fail while the one before is worked on.
      answer.then(appetite.begin(), appetite.fail)
      return { offsets, answer }
    }
    let asked: Asked | null = null
    while (!stopping) {
      asked ??= ask(new Map())
      if (asked === null) {
        host.tick()
        await sleep(LONGEST_WAIT_MS)
        continue
      }
      const offsets: Asked['offsets'] = asked.offsets
      const partitions: FetchedPartition[] | null = await answered(asked)
      asked = partitions === null ? null : ask(endsOf(offsets, partitions))
      if (partitions === null) await fetcher.reset()
      else await takeAll(offsets, partitions)
      host.tick()
    }
    await fetcher.close()
  }

  /** Null when the broker could not be asked, a while after that. */
  async function answered({ answer }: Asked): Promise<FetchedPartition[] | null> {
    try {
      const { errorCode, partitions } = await answer
      if (errorCode === 0) return partitions
      await host.onFetchError(`the broker answered with error ${errorCode}`)
    } catch (error) {
      await host.onFetchError(messageOf(error))
    }
    await sleep(RETRY_MS)
    return null
  }

  async function takeAll(
    offsets: ReadonlyMap<LogPartition, number>,
    partitions: readonly FetchedPartition[],
  ): Promise<void> {
    for (const fetched of partitions) {
      for (const [log, offset] of offsets) {
        if (log.number !== fetched.partition) continue
        if (log.position.next === offset && host.isReadable(log)) host.take(log, fetched)
        if (fetched.records.length > 0) {
          host.tick()
          await breathe()
        }
      }
    }
  }

  return {
    update() {
      for (const node of host.topic().brokers.keys()) {
        if (!loops.has(node) && !stopping) loops.set(node, loop(node).catch(host.onFailure))
      }
    },
    async stop() {
      stopping = true
      await Promise.all(loops.values())
    },
  }
}

/** How much is asked for at once: an answer that a slow link does not bring in time is lost. */
function createAppetite() {
  let bytes = MOST_BYTES
  return {
    bytes: () => bytes,
    /** Called with a question; returns what is to be called with the answer. */
    begin() {
      const start = performance.now()
      return (): void => {
        const took = performance.now() - start
        if (took > SLOW_MS) bytes = Math.max(LEAST_BYTES, bytes / 2)
        else if (took < SLOW_MS / 2) bytes = Math.min(MOST_BYTES, bytes * 2)
      }
    },
    fail: (): void => void (bytes = Math.max(LEAST_BYTES, bytes / 8)),
  }
}

/** Where each log will be read on, once what was fetched of it is dealt with. */
function endsOf(
  offsets: ReadonlyMap<LogPartition, number>,
  partitions: readonly FetchedPartition[],
): Map<LogPartition, number> {
  const ends = new Map<LogPartition, number>()
  for (const [log] of offsets) {
    const fetched = partitions.find(({ partition }) => partition === log.number)
    const end = fetched === undefined ? null : endOf(fetched.records)
    if (end !== null) ends.set(log, end)
  }
  return ends
}

function endOf(records: Buffer): number | null {
  let end: number | null = null
  for (let at = 0; ;) {
    const batch = readBatch(records, at, records.length)
    // Where a length is damaged, whoever checks the batch says so.
    if (batch === null || batch.to <= at) return end
    end = batch.lastOffset + 1
    at = batch.to
  }
}
