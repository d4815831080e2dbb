// What brokers send, as deliveries: one fetch loop per topic and broker that has partitions read here.
//
// While a response is applied, the next one is on its way: its offsets are known from the headers
// of the batches. A response that does not begin at its log's position is dropped and fetched
// again, so whatever stops a log in the middle (an unknown schema, a gap, a rebalance) needs no
// other care.
import { performance } from 'node:perf_hooks'
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/errors.ts'
import type { KafkaConnection } from '../../../src/kafka/client.ts'
import { returnMemory, type FetchMemory } from '../../../src/kafka/fetch-memory.ts'
import {
  createFetcher,
  type FetchedPartition,
  type FetchResponse,
  type Fetcher,
} from '../../../src/kafka/fetch.ts'
import {
  BROKER_RETRY,
  createBackoff,
  resetBackoff,
  waitToRetry,
  type Backoff,
} from '../../../src/kafka/retry.ts'
import { refreshTopic, type TopicWatch } from '../topic-watch.ts'
import { createFetchSize, endsOf, requestLogs } from './fetch-request.ts'
import type { AskedLog, FetchOptions, FetchSize, LogEnds, LogRequest } from './fetch-request.ts'
import { mergeSources } from './merge.ts'
import type { LogPartition } from './partition.ts'
import { avoid, follow, nodeOf } from './replica.ts'

/** What fetching needs of a topic; part of a topic that is read. */
export interface FetchContext extends TopicWatch {
  connection: KafkaConnection
  fetching: FetchOptions
  /** Partitions that are read here, by number. */
  logs: ReadonlyMap<number, LogPartition>
}

/** What was fetched of one log. It is void if the log's position is not its offset any more. */
export interface LogDelivery extends AskedLog {
  fetched: FetchedPartition
}

/**
 * Yields what the brokers of all readable logs send, until the caller returns; null at least
 * every `waitMs()` while nothing comes. The caller checks whether a delivery is void.
 *
 * @param waitMs also the time after which loops look again whether there is something to read
 */
export async function* fetchDeliveries(
  topics: readonly FetchContext[],
  isReadable: (log: LogPartition) => boolean,
  waitMs: () => number,
): AsyncGenerator<LogDelivery | null> {
  const loops: FetchLoop[] = []
  const free: FetchMemory = []
  const startLoop = (context: FetchContext, node: number): AsyncGenerator<LogDelivery> => {
    const loop = createFetchLoop(context, node, isReadable, waitMs, free)
    loops.push(loop)
    return fetchFrom(context, loop)
  }
  // Looked up each time: new brokers may lead partitions now.
  const newLoops = (): AsyncGenerator<LogDelivery>[] =>
    topics.flatMap((context) => {
      const isNew = (node: number): boolean =>
        !loops.some((loop) => loop.node === node && loop.topic === context.topic)
      return [...context.view.brokers.keys()].filter(isNew).map((node) => startLoop(context, node))
    })
  try {
    yield* mergeSources(newLoops, waitMs)
  } finally {
    for (const loop of loops) {
      loop.closed = true
      // Not awaited: a connection that is down may take long to close.
      void loop.fetcher.close().catch(() => undefined)
    }
  }
}

/** The loop of one topic and broker. */
interface FetchLoop {
  topic: string
  node: number
  isReadable: (log: LogPartition) => boolean
  waitMs: () => number
  /** Memory of responses that were read; all loops share it. */
  free: FetchMemory
  fetcher: Fetcher
  size: FetchSize
  backoff: Backoff
  /** Requests so far: each begins with another partition. */
  requests: number
  closed: boolean
}

const createFetchLoop = (
  { topic, connection, fetching }: FetchContext,
  node: number,
  isReadable: (log: LogPartition) => boolean,
  waitMs: () => number,
  free: FetchMemory,
): FetchLoop => ({
  topic,
  node,
  isReadable,
  waitMs,
  free,
  fetcher: createFetcher(connection, free),
  size: createFetchSize(fetching),
  backoff: createBackoff(BROKER_RETRY),
  requests: 0,
  closed: false,
})

async function* fetchFrom(context: FetchContext, loop: FetchLoop): AsyncGenerator<LogDelivery> {
  let request: LogRequest | null = null
  while (!loop.closed) {
    request ??= ask(context, loop, new Map())
    if (request === null) {
      await sleep(loop.waitMs())
      continue
    }
    const asked: LogRequest['asked'] = request.asked
    const found: FetchResponse | null = await responseTo(context, loop, request)
    const deliveries = deliveriesIn(context, loop, asked, found?.partitions ?? [])
    request = found === null ? null : ask(context, loop, endsOf(asked, found.partitions))
    for (const delivery of deliveries) {
      yield delivery
      // Applying blocks: heartbeats and commits go out before the next one.
      if (delivery.fetched.records.length > 0) await breathe()
    }
    // A source is resumed after its value was consumed: rows have been applied, or are fetched again.
    if (found !== null) returnMemory(loop.free, found.memory)
  }
}

/** What was fetched of each log; before the next request, because a leader may name a replica. */
function deliveriesIn(
  { view }: FetchContext,
  { node }: FetchLoop,
  asked: LogRequest['asked'],
  partitions: readonly FetchedPartition[],
): LogDelivery[] {
  const now = performance.now()
  return partitions.flatMap((one) => {
    const of = asked.get(one.partition)
    const fetched = of === undefined ? null : follow(view, of.log, node, one, now)
    return of === undefined || fetched === null ? [] : [{ ...of, fetched }]
  })
}

/** Requests all readable logs of the broker; null when there are none. */
function ask(
  { view, logs, fetching }: FetchContext,
  loop: FetchLoop,
  ends: LogEnds,
): LogRequest | null {
  const broker = view.brokers.get(loop.node)
  if (loop.closed || broker === undefined) return null
  const now = performance.now()
  const readable = [...logs.values()].filter(
    (log) => nodeOf(view, log, now) === loop.node && loop.isReadable(log),
  )
  if (readable.length === 0) return null
  // A response is filled in the order of its request: each partition is first in turn.
  const first = loop.requests++ % readable.length
  const inTurn = [...readable.slice(first), ...readable.slice(0, first)]
  return requestLogs(loop.fetcher, broker, view.id, inTurn, ends, loop.size, fetching)
}

/** Returns a response; null, after a wait, when the request failed. */
async function responseTo(
  context: FetchContext,
  loop: FetchLoop,
  { asked, response }: LogRequest,
): Promise<FetchResponse | null> {
  let message: string
  try {
    const found = await response
    if (found.errorCode === 0) {
      resetBackoff(loop.backoff)
      return found
    }
    message = `broker ${loop.node} answers a fetch with error ${found.errorCode}`
  } catch (error) {
    message = `broker ${loop.node}: ${messageOf(error)}`
  }
  if (loop.closed) return null
  for (const { log } of asked.values()) avoid(log, loop.node, performance.now())
  context.warnings.error('fetch', message)
  await refreshTopic(context)
  await waitToRetry(loop.backoff)
  await loop.fetcher.reset()
  return null
}
