// Gaps of a log: which offsets are missing, as a sentence, and where reading continues.
import type { Consumer } from '../../../src/kafka/client.ts'
import { offsetAt } from '../../../src/kafka/topic.ts'
import type { CommittedOffset } from '../group/beginning.ts'
import { placeOf, type Gap, type LogPartition } from './partition.ts'

/** At a gap: stop the partition, continue at its first record that exists, or at its end. */
export const GAP_POLICIES = ['stop', 'earliest', 'latest'] as const

/** A partition of a topic. */
type Place = Pick<LogPartition, 'topic' | 'number'>

/** One of `GAP_POLICIES`. */
export type GapPolicy = (typeof GAP_POLICIES)[number]

/** Finds out why the broker reports an offset out of range; null when the log has it after all. */
export async function findRangeGap(consumer: Consumer, log: LogPartition): Promise<Gap | null> {
  const { topic, number } = log
  const first = await offsetAt(consumer, topic, number, 'earliest')
  const end = await offsetAt(consumer, topic, number, 'latest')
  const at = log.position.next
  if (at < first) {
    return {
      kind: 'out-of-range',
      from: at,
      to: first,
      message:
        `${placeOf(log)}: offsets ${at} to ${first - 1} (${first - at}) were deleted before ` +
        `they were read; the log now begins at ${first}`,
    }
  }
  return at > end ? truncated(log, end, at) : null
}

/** What the group has read before is neither in this state nor in the log, which begins at `to`. */
export function lost(place: Place, { offset, beginning }: CommittedOffset, to: number): Gap {
  const from = beginning?.first ?? 0
  const evidence =
    beginning === null
      ? 'from offset 0 on, as far as is known: its commit does not carry where reading began'
      : `from offset ${from} on`
  return {
    kind: 'lost',
    from,
    to,
    message:
      `${placeOf(place)}: the group has read it up to offset ${offset}, ${evidence}, and this ` +
      `state has nothing of it; the log now begins at ${to}: offsets ${from} to ${to - 1} ` +
      `(${to - from}) are neither here nor in the log`,
  }
}

/** The group has read the topic after a history, whose rows are neither here nor in the topic. */
export function withoutHistory(
  place: Place,
  to: number,
  { offset, beginning }: CommittedOffset,
  cutoverMs: number,
): Gap {
  const from = beginning?.first ?? 0
  const missing = to > from ? `offsets ${from} to ${to - 1} (${to - from}) of the log and ` : ''
  return {
    kind: 'lost',
    from,
    to,
    message:
      `${placeOf(place)}: the group has read it up to offset ${offset}, after a history up to ` +
      `${new Date(cutoverMs).toISOString()}, and this state has no history: ${missing}the rows of ` +
      'its files are not here',
  }
}

/** The log was truncated below the position, and may have grown again since. */
export const truncated = (place: Place, from: number, at: number): Gap => ({
  kind: 'truncated',
  from,
  to: at,
  message:
    `${placeOf(place)}: the log was truncated at ${from}; offsets ${from} to ${at - 1} ` +
    `(${at - from}) are in the state and no longer in the log`,
})

/** The topic of this name is not the one that was read. */
export const recreated = (place: Place, at: number): Gap => ({
  kind: 'recreated',
  from: at,
  to: at,
  message:
    `${placeOf(place)}: this is not the topic that was read up to offset ${at}; it was ` +
    'deleted and recreated, or this is another cluster',
})

/** The warning about a gap at which reading stops. */
export const stoppedAt = ({ message, kind }: Gap): string =>
  `${message}; to continue despite the gap: --on-gap earliest or latest` +
  (kind === 'lost' ? ', or --history with a new --state directory' : '')

/** The warning about a gap that was passed. */
export const passedAt = ({ message }: Gap, offset: number, policy: GapPolicy): string =>
  `${message}; continuing at offset ${offset} (--on-gap ${policy})`

/** The warning about rows that the history of this state covers. */
export const passedByHistory = ({ message }: Gap, offset: number): string =>
  `${message}; continuing at offset ${offset}: the files of --history cover what starts before ` +
  'the cut-over, and nothing else of these offsets is included'

/** Returns the offset after a gap of the same topic. */
export function offsetAfter(
  consumer: Consumer,
  { topic, number }: LogPartition,
  gap: Gap,
  policy: 'earliest' | 'latest',
): Promise<number> {
  if (policy === 'latest') return offsetAt(consumer, topic, number, 'latest')
  // What replaced a truncated end has not been read: it is read now, the lost rows stay counted.
  return Promise.resolve(gap.kind === 'truncated' ? gap.from : gap.to)
}

/** Moves a log past a gap; backwards only after a truncation, and then by what is lost. */
export function moveTo({ position, state, source }: LogPartition, offset: number): void {
  const missing = offset - position.next
  if (missing >= 0) position.skipped += missing
  // Backwards: what was counted stays counted, so the first offset moves with the position.
  else position.first += missing
  position.next = offset
  position.leaderEpoch = -1
  state.moved.add(source)
}
