// Reads the partitions assigned to this member: deliveries are pulled, applied and committed.
//
// All state of reading is one plain record, `PartitionReader`. Each file that works on it declares
// the part that its functions need, and imports the functions it calls, so dependencies are
// visible. One loop applies and commits (`readAssigned`). Tasks that run concurrently (loading
// partitions, metadata, recovery, schemas, dead letters) are started by the loop, and it throws
// their failures.
import { PulseError } from '../../src/errors.ts'
import type { FetchedPartition } from '../../src/kafka/fetch.ts'
import { resetBackoff } from '../../src/kafka/retry.ts'
import type { SchemaRegistry } from '../../src/kafka/schema-registry.ts'
import { sourceOf } from '../../src/kafka/topic.ts'
import { ingestAll } from '../ingest/loop.ts'
import { commitLogs, statesOf } from './commit.ts'
import { abandonDeadLetters, closeDeadLetters } from './dead-letters.ts'
import { isMember } from './group/membership.ts'
import { isSettled, settleAssigned, type AssignedPartitions } from './log/assigned.ts'
import { fetchDeliveries, type FetchContext, type LogDelivery } from './log/fetch-loops.ts'
import { isRead, readFrom, type LogPartition } from './log/partition.ts'
import { readFetched, type LogReader } from './log/reader.ts'
import { learnSchema, recoverFrom, recoverFromGap, type Recovery } from './log/recovery.ts'
import { decideWhenDue } from './log/units.ts'
import { backlogOf } from './outbox.ts'
import { countOutcomes, trackPause, type Pause } from './pause.ts'
import { refreshWhenDue } from './topic-watch.ts'

/** The state of reading; its parts are described where they are declared. */
export interface PartitionReader extends AssignedPartitions, FetchContext, Recovery {
  logs: Map<number, LogPartition>
  /** Decodes and applies. */
  logReader: LogReader
  pause: Pause
  /** Null without a schema registry. */
  registry: SchemaRegistry | null
  /** Aborted to end reading. */
  stop: AbortSignal
  /** End when everything assigned is read, or when a gap or a pause prevents that. */
  untilCaughtUp: boolean
}

/** While nothing comes, a stop, a new assignment or a due commit is noticed within this time. */
const WAIT_MS = 100
/** The same while an assignment is carried out: a partition is read soon after it was loaded. */
const SETTLING_WAIT_MS = 20
/** At the end, the dead-letter topic gets this long to accept what is left. */
const CLOSE_MS = 3000

/** True when everything assigned was read to its end. */
export const isCaughtUp = (reader: PartitionReader): boolean =>
  isSettled(reader) && [...reader.logs.values()].every(isRead)

/** Returns why no partition is read, as a sentence; null while reading is not paused. */
export const pausedBy = ({ pause, deadLetters }: PartitionReader): string | null =>
  pause.alarm ?? (deadLetters === null ? null : backlogOf(deadLetters))

/**
 * Reads what is assigned, until a stop, or until everything is read if `untilCaughtUp`; on return
 * all that was applied is durable, and dead letters and offsets are sent.
 *
 * @throws PulseError `kafka` when a gap or a pause keeps it from catching up, or the group excludes
 *   this member; `state-options` when the topic has grown; what the store throws
 */
export async function readAssigned(reader: PartitionReader): Promise<void> {
  try {
    await ingestAll(deliveriesOf(reader), {
      apply: (delivery) => applyDelivery(reader, delivery),
      isDue: () => reader.stats.isDue(statesOf(reader.logs.values())),
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
  for await (const delivery of fetchDeliveries(reader, mayRead, waitMs)) {
    yield delivery
    startWhatIsDue(reader)
    if (isOver(reader)) return
  }
}

/** Starts concurrent tasks that are due, at least every 100 ms; throws the failure of one. */
function startWhatIsDue(reader: PartitionReader): void {
  const { group, failure, pause, warnings } = reader
  if (failure !== null) throw failure.error
  if (group.excluded !== null) throw group.excluded
  const { units } = reader.logReader.messages.options
  const waiting = { isComplete: isSettled(reader), mayWait: !reader.untilCaughtUp }
  decideWhenDue(units, reader.logs, waiting, Date.now())
  settleAssigned(reader)
  refreshWhenDue(reader)
  trackPause(pause, pausedBy(reader), warnings)
}

function isOver(reader: PartitionReader): boolean {
  if (reader.stop.aborted) return true
  return reader.untilCaughtUp && (isCaughtUp(reader) || stoppedBy(reader) !== null)
}

/** Returns what waiting does not end, as a sentence: a gap that stops a partition, or a pause. */
const stoppedBy = (reader: PartitionReader): string | null =>
  [...reader.logs.values()].find(({ gap }) => gap !== null)?.gap?.message ?? pausedBy(reader)

/** False for a log that waits, has a gap or is no longer assigned, and when the lease has ended. */
const isReadable = (reader: PartitionReader, log: LogPartition): boolean =>
  reader.failure === null &&
  reader.logs.get(log.number) === log &&
  log.source === sourceOf(reader.view) &&
  log.gap === null &&
  log.waitingFor === null &&
  !log.recovering &&
  pausedBy(reader) === null &&
  isMember(reader.group)

/** Applies a delivery, unless it does not begin at its log's position any more. */
function applyDelivery(reader: PartitionReader, { log, offset, fetched }: LogDelivery): void {
  const { position } = log
  if (readFrom(log) !== offset || !isReadable(reader, log)) return
  // Whatever there is to recover from is so at the position, too.
  if (log.peek !== null && log.peek !== position.next && hasError(fetched)) {
    log.peek = position.next
    return
  }
  if (recoverFrom(reader, log, fetched)) return
  resetBackoff(log.backoff)
  const { applied, rejected } = position
  const { holes } = log
  const gap = readFetched(reader.logReader, log, fetched)
  if (holes === 0 && log.holes > 0) reader.warnings.warn(compactedAt(log))
  if (gap !== null) recoverFromGap(reader, log, gap)
  else if (log.gap !== null) reader.warnings.error('gap', log.gap.message)
  if (log.waitingFor !== null) learnSchema(reader, log, log.waitingFor)
  countOutcomes(reader.pause, position.applied - applied, position.rejected - rejected)
}

const hasError = ({ errorCode, divergingOffset }: FetchedPartition): boolean =>
  errorCode !== 0 || divergingOffset >= 0

/** Kafka keeps the last record per key only: rows of a subscriber are lost before they are read. */
const compactedAt = ({ number, holes }: LogPartition): string =>
  `partition ${number}: the topic is compacted: ${holes} offsets or more are missing between its ` +
  'records, and their rows are in no result; set cleanup.policy=delete for a topic of sessions'

function abandonReader({ closing, registry, deadLetters }: PartitionReader): void {
  closing.abort()
  registry?.close()
  if (deadLetters !== null) abandonDeadLetters(deadLetters)
}

/** Ends the concurrent tasks, sends the dead letters that are left, and commits. */
async function closeReader(reader: PartitionReader): Promise<void> {
  reader.closing.abort()
  reader.registry?.close()
  await reader.settling
  commitLogs(reader)
  if (reader.deadLetters === null) return
  await closeDeadLetters(reader.deadLetters, CLOSE_MS)
  // Messages that were just acknowledged leave the outbox.
  commitLogs(reader)
}
