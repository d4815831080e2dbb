// The script of an ingest thread that is not the first: it reads the partitions that it is given.
//
// It has its own connections, decoders and LMDB environments. The first thread is the member of the
// group: it sends the assignment and the lease, and commits offsets to the group.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, failureOf } from '../../../src/errors.ts'
import { sourceOf } from '../../../src/kafka/topic.ts'
import type { PartitionStore } from '../../../state/store.ts'
import { openInThread } from '../../../state/writer.ts'
import { openChangelogOf } from '../../changelog/client.ts'
import { createWarnings } from '../../ingest/warnings.ts'
import { createGroup, type Group } from '../group/membership.ts'
import { ownPartitions, settleOffsets, type GroupOffsets } from '../group/offsets.ts'
import { takeGrowth } from '../growth.ts'
import { isSettled } from '../log/assigned.ts'
import { openReader } from '../live.ts'
import { describeConsumer } from '../progress.ts'
import { readAssigned, type PartitionReader } from '../reader.ts'
import { refreshTopic } from '../topic-watch.ts'
import { threadOf, undivided } from '../group/division.ts'
import type { FromThread, ThreadData, ThreadReport, ToThread } from './messages.ts'

type Assignment = Extract<ToThread, { type: 'assign' }>

const REPORT_MS = 250
/** At the end, the group gets this long to acknowledge offsets. */
const CLOSE_MS = 3000

assert(parentPort !== null, 'the script of an ingest thread is started as a worker thread')
const port = parentPort
const { options, index, count, partitions, command, ...given } = workerData as ThreadData
const send = (message: FromThread): void => port.postMessage(message)

const stop = new AbortController()
const warnings = createWarnings()
const group = createGroup(options.connection, options, () => [], warnings)
const waiting = new Map<number, PromiseWithResolvers<undefined>>()
const stores = new Map<number, PartitionStore>()
let { growth } = given
let reader: PartitionReader | null = null
let version = 0
let soon: NodeJS.Immediate | undefined

/** Opens the environments of all of `number` partitions that this thread may ever read. */
function openStores(number: number): void {
  const { stateDirectory } = options
  for (let partition = 0; partition < number; partition++) {
    if (threadOf(partition, { count }) !== index || stores.has(partition)) continue
    stores.set(partition, openInThread(stateDirectory, partition, command))
  }
  send({ type: 'opened' })
}

/** The state has grown: the partitions are read when they are assigned. */
function grow(message: Extract<ToThread, { type: 'grow' }>): void {
  growth = message.growth
  openStores(message.partitions)
  if (reader === null) return
  takeGrowth(reader.topics, growth)
  for (const topic of reader.topics) void refreshTopic(topic)
}

/** The first thread commits the offsets, as it knows the member's id and generation. */
const sendOffsets: GroupOffsets['send'] = (_, batch) => {
  const id = waiting.size === 0 ? 0 : Math.max(...waiting.keys()) + 1
  const answer = Promise.withResolvers<undefined>()
  waiting.set(id, answer)
  send({ type: 'offsets', id, batch: [...batch] })
  return answer.promise.finally(() => waiting.delete(id))
}

function report(type: 'progress' | 'end', of: PartitionReader): void {
  const logStarts = of.topics.flatMap(({ view, logs }) =>
    [...logs.values()]
      .filter(({ logStart }) => logStart >= 0)
      .map(({ number, logStart }) => {
        return { source: sourceOf(view), partition: number, start: logStart }
      }),
  )
  const progress = describeConsumer(of)
  const reported: ThreadReport = { progress, version, settled: isSettled(of), logStarts }
  send({ type, ...reported })
  for (const list of Object.values(progress.observations) as number[][]) list.length = 0
  warnings.waiting.length = 0
}

function reportSoon(): void {
  clearImmediate(soon)
  soon = setImmediate(() => reader !== null && report('progress', reader))
}

function open({ topics, cutoverMs }: Assignment): PartitionReader {
  const parts = {
    ...{
      stores,
      growth,
      cutoverMs,
      group,
      warnings,
      stop: stop.signal,
      loaded: new Map<number, never>(),
    },
    views: new Map(topics.map(({ topic, view }) => [topic, view])),
    decided: new Map(topics.map((one) => [one.topic, one])),
    threads: undivided(index, count),
    changelog: openChangelogOf(options, partitions, warnings),
  }
  return openReader(parts, { ...options, untilCaughtUp: false, onCommit: reportSoon })
}

function assign(assignment: Assignment): void {
  version = assignment.version
  group.assigned = assignment.partitions
  ownPartitions(group.offsets, assignment.partitions)
  if (reader !== null) return
  reader = open(assignment)
  void read(reader)
}

async function read(of: PartitionReader): Promise<void> {
  const timer = setInterval(() => report('progress', of), REPORT_MS)
  try {
    await readAssigned(of)
    await settleOffsets(group.offsets, CLOSE_MS)
    clearInterval(timer)
    clearImmediate(soon)
    await end(() => report('end', of))
  } catch (error) {
    clearInterval(timer)
    clearImmediate(soon)
    await end(() => send({ type: 'failed', ...failureOf(error) }))
  }
}

/** The last report precedes the end of the stores: it is made from them. */
async function end(last: () => void): Promise<void> {
  last()
  for (const { environment } of stores.values()) await environment.close()
  port.close()
  // Its connections are not closed one by one.
  process.exit()
}

function extendLease(of: Group, { forMs, atNs }: Extract<ToThread, { type: 'lease' }>): void {
  const passedMs = Number(process.hrtime.bigint() - atNs) / 1e6
  of.leaseUntil = of.clock.now() + forMs - passedMs
}

function receive(message: ToThread): void {
  switch (message.type) {
    case 'assign':
      assign(message)
      break
    case 'grow':
      grow(message)
      break
    case 'lease':
      extendLease(group, message)
      break
    case 'sent': {
      const answer = waiting.get(message.id)
      if (message.error === null) answer?.resolve(undefined)
      else answer?.reject(new Error(message.error))
      break
    }
    case 'stop':
      stop.abort()
      if (reader === null) void end(() => undefined)
      break
    case 'abandon':
      void end(() => undefined)
  }
}

group.offsets.send = sendOffsets
port.on('message', (message: ToThread) => {
  try {
    receive(message)
  } catch (error) {
    void end(() => send({ type: 'failed', ...failureOf(error) }))
  }
})
try {
  openStores(partitions)
} catch (error) {
  await end(() => send({ type: 'failed', ...failureOf(error) }))
}
