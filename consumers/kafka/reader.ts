// Reads the partitions assigned to this member: deliveries are pulled, applied and committed.
//
// All state of reading is one plain record, `PartitionReader`, with a `ReadTopic` per topic. Each
// file that works on it declares the part that its functions need, and imports the functions it
// calls, so dependencies are visible. One loop applies and commits (`readAssigned`). Tasks that run
// concurrently (loading partitions, metadata, recovery, schemas, dead letters) are started by the
// loop, and it throws their failures.
import { PulseError } from '../../src/errors.ts'
import type { FetchedPartition } from '../../src/kafka/fetch.ts'
import { resetBackoff } from '../../src/kafka/retry.ts'
import { sourceOf } from '../../src/kafka/topic.ts'
import { ingestAll } from '../ingest/loop.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { commitLogs, statesOf } from './commit.ts'
import { abandonReader, closeReader, type ClosingReader, type EndingThreads } from './closing.ts'
import { isMember } from './group/membership.ts'
import { growWhenDue, type GrowingReader, type GrowingThreads } from './growth.ts'
import { isSettled, settleAssigned, type AssignedPartitions } from './log/assigned.ts'
import type { FetchContext, fetchDeliveries, LogDelivery } from './log/fetch-loops.ts'
import { decideColumnsWhenDue } from './log/json-columns.ts'
import { compactedAt } from './log/offset-counts.ts'
import { isRead, logsOf, readFrom, stopOf, type LogPartition } from './log/partition.ts'
import { readFetched, type LogReader } from './log/reader.ts'
import { learnSchema, recoverFrom, recoverFromGap, type Recovery } from './log/recovery.ts'
import type { StartContext } from './log/start.ts'
import { decideWhenDue } from './log/unit-decision.ts'
import { lookAgain } from './log/units.ts'
import { backlogOf } from './outbox.ts'
import { countOutcomes, trackPause, type Pause, type RecentOutcomes } from './pause.ts'
import { requireOnePartitioner } from './topics.ts'
import { refreshWhenDue } from './topic-watch.ts'

/** A topic that is read: how it is decoded, what is decided of it, and its partitions. */
export interface ReadTopic extends StartContext, FetchContext, Recovery {
  /** Partitions that are read here, by number. */
  logs: Map<number, LogPartition>
  /** Decodes and applies. */
  logReader: LogReader
  /** Rows and rejected rows of late. */
  outcomes: RecentOutcomes
}

/** The state of reading; its parts are described where they are declared. */
export interface PartitionReader extends AssignedPartitions, GrowingReader, ClosingReader {
  topics: readonly ReadTopic[]
  pause: Pause
  /** Yields what is fetched of all topics. */
  fetchDeliveries: typeof fetchDeliveries
  /** Aborted to end reading. */
  stop: AbortSignal
  /** End when everything assigned is read, or when a gap or a pause prevents that. */
  untilCaughtUp: boolean
  /** Leads the other threads; null without others. */
  leads: Leading | null
}

/** What the first of several ingest threads does for the others. */
export interface Leading extends EndingThreads, GrowingThreads {
  /** Sends the other threads what has changed. @throws what ended one of them */
  lead(reader: PartitionReader): void
  /** True when the other threads have read everything that was assigned last. */
  areCaughtUp(reader: PartitionReader): boolean
  /** What waiting does not end in the other threads, as a sentence; null for nothing. */
  stoppedBy(): string | null
  /** The progress of this thread, with that of the others. */
  withOthers(own: IngestProgress): IngestProgress
}

/** While nothing comes, a stop, a new assignment or a due commit is noticed within this time. */
const WAIT_MS = 100
/** The same while an assignment is carried out: a partition is read soon after it was loaded. */
const SETTLING_WAIT_MS = 20

/** True when everything assigned was read to its end, by all threads. */
export const isCaughtUp = (reader: PartitionReader): boolean =>
  isSettled(reader) &&
  logsOf(reader.topics).every(isRead) &&
  (reader.leads === null || reader.leads.areCaughtUp(reader))

/** Returns why no partition is read, as a sentence; null while reading is not paused. */
export const pausedBy = ({ topics, deadLetters }: PartitionReader): string | null =>
  topics.map(({ outcomes }) => outcomes.alarm).find((alarm) => alarm !== null) ??
  (deadLetters === null ? null : backlogOf(deadLetters))

/**
 * Reads what is assigned, until a stop, or until everything is read if `untilCaughtUp`; on return
 * all that was applied is durable, and dead letters and offsets are sent.
 *
 * @throws PulseError `kafka` when a gap or a pause keeps it from catching up, or the group excludes
 *   this member; `state-options` when a topic has fewer partitions; what the store throws
 */
export async function readAssigned(reader: PartitionReader): Promise<void> {
  try {
    await ingestAll(deliveriesOf(reader), {
      apply: (delivery) => applyDelivery(reader, delivery),
      isDue: () => reader.stats.isDue(statesOf(logsOf(reader.topics))),
      commit: () => commitLogs(reader),
    })
    const reason = reader.stop.aborted || isCaughtUp(reader) ? null : stoppedBy(reader)
    await closeReader(reader)
    if (reason === null) return
    throw new PulseError('kafka', `${reason}; all rows before it are durable`)
  } catch (error) {
    // A store that failed cannot be trusted: nothing reads or writes it from here on.
    abandonReader(reader)
    throw error
  }
}

async function* deliveriesOf(reader: PartitionReader): AsyncGenerator<LogDelivery | null> {
  const mayRead = (log: LogPartition): boolean => isReadable(reader, log)
  const waitMs = (): number => (isSettled(reader) ? WAIT_MS : SETTLING_WAIT_MS)
  startWhatIsDue(reader)
  for await (const delivery of reader.fetchDeliveries(reader.topics, mayRead, waitMs)) {
    yield delivery
    startWhatIsDue(reader)
    if (isOver(reader)) return
  }
}

/** Starts concurrent tasks that are due, at least every 100 ms; throws the failure of one. */
function startWhatIsDue(reader: PartitionReader): void {
  const { topics, group, pause, warnings } = reader
  for (const { failure } of [reader, ...topics]) if (failure !== null) throw failure.error
  if (group.excluded !== null) throw group.excluded
  for (const topic of topics) decideWhatIsDue(reader, topic)
  requireOnePartitioner(
    topics.map(({ topic, logReader: { messages } }) => [topic, messages.routing.sample]),
  )
  growWhenDue(reader)
  reader.leads?.lead(reader)
  settleAssigned(reader)
  for (const topic of topics) refreshWhenDue(topic)
  trackPause(pause, pausedBy(reader), warnings, reader.stats.clock.now())
}

/** Decides what the rows of a topic that were looked at show. */
function decideWhatIsDue(reader: PartitionReader, { logs, logReader }: ReadTopic): void {
  const { units, json } = logReader.messages.options
  const waiting = { isComplete: isSettled(reader), mayWait: !reader.untilCaughtUp }
  const now = reader.stats.clock.utcMs()
  const wasLooking = json.looking !== null
  if (!decideColumnsWhenDue(json, logs, waiting.isComplete, now)) return
  if (wasLooking) lookAgain(units, now)
  decideWhenDue(units, logs, waiting, now)
}

function isOver(reader: PartitionReader): boolean {
  if (reader.stop.aborted) return true
  return reader.untilCaughtUp && (isCaughtUp(reader) || stoppedBy(reader) !== null)
}

/** What waiting does not end, as a sentence: a gap, an ACL that is missing, or a pause. */
const stoppedBy = (reader: PartitionReader): string | null =>
  logsOf(reader.topics)
    .map(stopOf)
    .find((reason) => reason !== null) ??
  pausedBy(reader) ??
  reader.leads?.stoppedBy() ??
  null

/** False for a log that waits, has a gap or is no longer assigned, and when the lease has ended. */
function isReadable(reader: PartitionReader, log: LogPartition): boolean {
  const { failure, logs, view } = topicOf(reader, log)
  return (
    reader.failure === null &&
    failure === null &&
    logs.get(log.number) === log &&
    log.source === sourceOf(view) &&
    log.gap === null &&
    log.waitingFor === null &&
    !log.recovering &&
    pausedBy(reader) === null &&
    isMember(reader.group)
  )
}

function topicOf({ topics }: PartitionReader, log: LogPartition): ReadTopic {
  const found = topics.find(({ topic }) => topic === log.topic)
  if (found === undefined) throw new Error(`a log of "${log.topic}", which is not read`)
  return found
}

/** Applies a delivery, unless it does not begin at its log's position any more. */
function applyDelivery(reader: PartitionReader, { log, offset, fetched }: LogDelivery): void {
  const { position } = log
  if (readFrom(log) !== offset || !isReadable(reader, log)) return
  // Whatever there is to recover from is so at the position, too.
  if (log.peek !== null && log.peek !== position.next && hasError(fetched)) {
    log.peek = position.next
    return
  }
  const topic = topicOf(reader, log)
  if (recoverFrom(topic, log, fetched)) return
  resetBackoff(log.backoff)
  log.denied = null
  const { applied, rejected } = position
  const { holes } = log
  const gap = readFetched(topic.logReader, log, fetched)
  if (holes === 0 && log.holes > 0) reader.warnings.warn(compactedAt(log))
  if (gap !== null) recoverFromGap(topic, log, gap)
  else if (log.gap !== null) reader.warnings.error('gap', log.gap.message)
  if (log.waitingFor !== null) learnSchema(topic, log, log.waitingFor)
  countOutcomes(topic.outcomes, position.applied - applied, position.rejected - rejected)
}

const hasError = ({ errorCode, divergingOffset }: FetchedPartition): boolean =>
  errorCode !== 0 || divergingOffset >= 0
