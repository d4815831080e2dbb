// What brokers send, as deliveries: one fetch loop per broker that leads partitions read here.
//
// While a response is applied, the next one is on its way: its offsets are known from the headers
// of the batches. A response that does not begin at its log's position is dropped and fetched
// again, so whatever stops a log in the middle (an unknown schema, a gap, a rebalance) needs no
// other care.
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/errors.ts'
import type { KafkaConnection } from '../../../src/kafka/client.ts'
import { createFetcher, type FetchedPartition, type Fetcher } from '../../../src/kafka/fetch.ts'
import {
  BROKER_RETRY,
  createBackoff,
  resetBackoff,
  waitToRetry,
  type Backoff,
} from '../../../src/kafka/retry.ts'
import { refreshTopic, type TopicWatch } from '../topic-watch.ts'
import { createFetchSize, endsOf, requestLogs } from './fetch-request.ts'
import type { AskedLog, FetchSize, LogEnds, LogRequest } from './fetch-request.ts'
import { mergeSources } from './merge.ts'
import type { LogPartition } from './partition.ts'

/** What fetching needs; part of a partition reader. */
export interface FetchContext extends TopicWatch {
  connection: KafkaConnection
  clientId: string
  /** Partitions that are read here, by number. */
  logs: ReadonlyMap<number, LogPartition>
}

/** What was fetched of one log. It is void if the log's position is not its offset any more. */
export interface LogDelivery extends AskedLog {
  fetched: FetchedPartition
}

/**
 * Yields what the leaders of all readable partitions send, until the caller returns; null at least
 * every `waitMs()` while nothing comes. The caller checks whether a delivery is void.
 *
 * @param waitMs also the time after which loops look again whether there is something to read
 */
export async function* fetchDeliveries(
  context: FetchContext,
  isReadable: (log: LogPartition) => boolean,
  waitMs: () => number,
): AsyncGenerator<LogDelivery | null> {
  const loops = new Map<number, FetchLoop>()
  const startLoop = (node: number): AsyncGenerator<LogDelivery> => {
    const loop = createFetchLoop(context, node, isReadable, waitMs)
    loops.set(node, loop)
    return fetchFrom(context, loop)
  }
  // Looked up each time: new brokers may lead partitions now.
  const newLoops = (): AsyncGenerator<LogDelivery>[] =>
    [...context.view.brokers.keys()].filter((node) => !loops.has(node)).map(startLoop)
  try {
    yield* mergeSources(newLoops, waitMs)
  } finally {
    for (const loop of loops.values()) {
      loop.closed = true
      // Not awaited: a connection that is down may take long to close.
      void loop.fetcher.close().catch(() => undefined)
    }
  }
}

/** The loop of one broker. */
interface FetchLoop {
  node: number
  isReadable: (log: LogPartition) => boolean
  waitMs: () => number
  fetcher: Fetcher
  size: FetchSize
  backoff: Backoff
  /** Requests so far: each begins with another partition. */
  requests: number
  closed: boolean
}

const createFetchLoop = (
  { connection, clientId }: FetchContext,
  node: number,
  isReadable: (log: LogPartition) => boolean,
  waitMs: () => number,
): FetchLoop => ({
  node,
  isReadable,
  waitMs,
  fetcher: createFetcher(connection, clientId),
  size: createFetchSize(),
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
    const partitions: FetchedPartition[] | null = await responseTo(context, loop, request)
    request = partitions === null ? null : ask(context, loop, endsOf(asked, partitions))
    for (const fetched of partitions ?? []) {
      const of = asked.get(fetched.partition)
      if (of === undefined) continue
      yield { ...of, fetched }
      // Applying blocks: heartbeats and commits go out before the next one.
      if (fetched.records.length > 0) await breathe()
    }
  }
}

/** Requests all readable logs of the broker; null when there are none. */
function ask({ view, logs }: FetchContext, loop: FetchLoop, ends: LogEnds): LogRequest | null {
  const broker = view.brokers.get(loop.node)
  if (loop.closed || broker === undefined) return null
  const readable = [...logs.values()].filter(
    (log) => view.leaders[log.number] === loop.node && loop.isReadable(log),
  )
  if (readable.length === 0) return null
  // A response is filled in the order of its request: each partition is first in turn.
  const first = loop.requests++ % readable.length
  const inTurn = [...readable.slice(first), ...readable.slice(0, first)]
  return requestLogs(loop.fetcher, broker, view.id, inTurn, ends, loop.size)
}

/** Returns the partitions of a response; null, after a wait, when the request failed. */
async function responseTo(
  context: FetchContext,
  loop: FetchLoop,
  { response }: LogRequest,
): Promise<FetchedPartition[] | null> {
  let message: string
  try {
    const { errorCode, partitions } = await response
    if (errorCode === 0) {
      resetBackoff(loop.backoff)
      return partitions
    }
    message = `broker ${loop.node} answers a fetch with error ${errorCode}`
  } catch (error) {
    message = `broker ${loop.node}: ${messageOf(error)}`
  }
  if (loop.closed) return null
  context.warnings.error('fetch', message)
  await refreshTopic(context)
  await waitToRetry(loop.backoff)
  await loop.fetcher.reset()
  return null
}
