// The other ingest threads of a member, as its first thread starts, leads and ends them.
import { extname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { errorOf, messageOf } from '../../../src/errors.ts'
import { createObservations } from '../../ingest/ingest-stats.ts'
import type { IngestObservations } from '../../ingest/progress.ts'
import type { LogStarts } from '../group/claims.ts'
import type { Growth } from '../../../state/partition-metadata.ts'
import type { Group } from '../group/membership.ts'
import type { DurableOffset } from '../group/offsets.ts'
import type { TopicConsumerOptions } from '../run.ts'
import type { GrownState } from '../growth.ts'
import type { DecidedTopic } from '../log/decided-topic.ts'
import { undivided, type ReadingThreads } from '../group/division.ts'
import type { FromThread, ThreadData, ThreadReport, ToThread } from './messages.ts'

type Observation = keyof IngestObservations

/** `.ts` in the checkout, `.js` in the built package. */
const SCRIPT = new URL(`./thread${extname(import.meta.url)}`, import.meta.url)

/** A thread that is not the first. */
export interface OtherThread {
  index: number
  worker: Worker
  /** Its environments are open. */
  opened: PromiseWithResolvers<undefined>
  /** It has ended, in whatever way. */
  ended: PromiseWithResolvers<undefined>
  isOver: boolean
  /** Its last report; null before the first. */
  reported: ThreadReport | null
  /** `performance.now()` at its last message. */
  heardAt: number
}

/** The threads of a member, as its first one knows them. */
export interface Threads extends ReadingThreads {
  others: OtherThread[]
  /** The assignment that was sent last, and its version; null before the first. */
  sent: { assigned: readonly number[]; version: number } | null
  leaseSent: number
  /** What was decided before the division. */
  decided: DecidedTopic[]
  /** The first failure of another thread; null for none. */
  failure: { error: unknown } | null
  /** What the first thread reports, to which those of the others are added. */
  observations: IngestObservations
  /** Called after a commit of another thread. */
  onCommit: () => void
}

/**
 * Starts the other threads, one after the other: LMDB can fail if two threads open a state at once.
 *
 * @param logStarts the first offsets of logs, to which those that other threads report are added
 * @throws PulseError what a thread throws when it opens its partitions
 */
export async function startThreads(
  options: TopicConsumerOptions,
  { stores: { length: partitions }, growth }: Pick<GrownState, 'stores' | 'growth'>,
  group: Group,
  logStarts: () => LogStarts,
): Promise<Threads> {
  const count = Math.min(options.threads, partitions)
  const { onCommit = () => undefined, ...plain } = options
  const threads: Threads = {
    ...undivided(0, count),
    ...{ others: [], sent: null, decided: [], leaseSent: -Infinity, failure: null, onCommit },
    observations: createObservations(),
  }
  for (let index = 1; index < count; index++) {
    const data: ThreadData = { options: plain, index, count, partitions, growth, command: 'run' }
    const other = startOne(data)
    threads.others.push(other)
    listen(threads, other, group, logStarts)
    await other.opened.promise
  }
  return threads
}

function startOne(data: ThreadData): OtherThread {
  const worker = new Worker(SCRIPT, { workerData: data })
  const [opened, ended] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  const start = { isOver: false, reported: null, heardAt: performance.now() }
  return { index: data.index, worker, opened, ended, ...start }
}

function listen(
  threads: Threads,
  other: OtherThread,
  group: Group,
  logStarts: () => LogStarts,
): void {
  const { worker, ended } = other
  const failWith = (error: unknown): void => {
    threads.failure ??= { error }
    other.opened.reject(error)
  }
  worker.on('error', failWith)
  worker.on('exit', (code) => {
    if (!other.isOver) failWith(new Error(`ingest thread ${other.index} exited with code ${code}`))
    other.isOver = true
    ended.resolve(undefined)
  })
  worker.on('message', (message: FromThread) => {
    other.heardAt = performance.now()
    if (message.type === 'opened') other.opened.resolve(undefined)
    else if (message.type === 'offsets') void commitFor(other, group, message)
    else if (message.type === 'failed') {
      other.isOver = true
      failWith(errorOf(message.code, message.message))
    } else {
      take(threads, other, message, group, logStarts())
      if (message.type === 'end') other.isOver = true
    }
  })
}

async function commitFor(
  { worker }: OtherThread,
  { offsets }: Group,
  { id, batch }: { id: number; batch: DurableOffset[] },
): Promise<void> {
  let error: string | null = null
  try {
    await offsets.send(offsets, batch)
  } catch (thrown) {
    error = messageOf(thrown)
  }
  worker.postMessage({ type: 'sent', id, error } satisfies ToThread)
}

/** Measurements and sentences are taken out of the report; the first thread reports them on. */
function take(
  threads: Threads,
  other: OtherThread,
  report: ThreadReport,
  { warnings }: Group,
  logStarts: LogStarts,
): void {
  const before = other.reported?.progress.counters.commits ?? 0
  for (const { level, message } of report.progress.warnings) {
    if (!warnings.waiting.some((one) => one.message === message))
      warnings.waiting.push({ level, message })
  }
  for (const { source, partition, start } of report.logStarts) {
    const known = logStarts.get(source) ?? new Map<number, number>()
    logStarts.set(source, known.set(partition, start))
  }
  for (const [name, list] of Object.entries(threads.observations) as [Observation, number[]][]) {
    list.push(...report.progress.observations[name])
  }
  other.reported = report
  if (report.progress.counters.commits > before) threads.onCommit()
}

/** Sends a message to each of the other threads that has not ended. */
export const post = ({ others }: Threads, message: (other: OtherThread) => ToThread): void => {
  for (const other of others) if (!other.isOver) other.worker.postMessage(message(other))
}

/**
 * Has the other threads open their part of new partitions, one after the other as at their start.
 *
 * @throws PulseError what a thread throws when it opens them
 */
export async function growThreads(
  { others }: Threads,
  partitions: number,
  growth: Growth | null,
): Promise<void> {
  for (const other of others) {
    if (other.isOver) continue
    other.opened = Promise.withResolvers()
    other.worker.postMessage({ type: 'grow', partitions, growth } satisfies ToThread)
    await Promise.race([other.opened.promise, other.ended.promise])
  }
}

/** Ends the other threads: `stop` commits what is in hand. Resolves when all of them have ended. */
export async function endThreads(threads: Threads, how: 'stop' | 'abandon'): Promise<void> {
  post(threads, () => ({ type: how }))
  await Promise.all(threads.others.map(({ ended }) => ended.promise))
}

/** Milliseconds since the last message of the thread that was silent the longest. */
export const longestSilence = ({ others }: Threads): number =>
  Math.max(
    0,
    ...others
      .filter(({ isOver, reported }) => !isOver && reported !== null)
      .map(({ heardAt }) => performance.now() - heardAt),
  )
