// Where a log cannot be read on: what is missing, said in numbers, and how it is passed when told to.
import type { Consumer } from '../../../src/kafka/client.ts'
import type { Gap, LogPartition } from './partition.ts'
import { offsetAt } from '../../../src/kafka/topic.ts'

/** Stop there, or go on with the first record that can be read, or behind the last one. */
export const GAP_POLICIES = ['stop', 'earliest', 'latest'] as const
export type GapPolicy = (typeof GAP_POLICIES)[number]

/** Why the broker says that an offset is out of range; null when the log has it after all. */
export async function findRangeGap(
  consumer: Consumer,
  topic: string,
  { number, position }: LogPartition,
): Promise<Gap | null> {
  const first = await offsetAt(consumer, topic, number, 'earliest')
  const end = await offsetAt(consumer, topic, number, 'latest')
  const at = position.next
  if (at < first) {
    return {
      kind: 'out-of-range',
      from: at,
      to: first,
      message:
        `partition ${number}: offsets ${at} to ${first - 1} (${first - at}) were deleted before ` +
        `they were read; the log now begins at ${first}`,
    }
  }
  return at > end ? truncated(number, end, at) : null
}

/** The log was cut off below the position, and may have grown again since. */
export const truncated = (number: number, from: number, at: number): Gap => ({
  kind: 'truncated',
  from,
  to: at,
  message:
    `partition ${number}: the log was cut off at ${from}; offsets ${from} to ${at - 1} ` +
    `(${at - from}) are in the state and no longer in the log`,
})

/** The topic of a name is not the one that was read. */
export const recreated = (number: number, topic: string, at: number): Gap => ({
  kind: 'recreated',
  from: at,
  to: at,
  message:
    `partition ${number}: "${topic}" is not the topic that was read up to offset ${at}; it was ` +
    'deleted and made again, or this is another cluster',
})

/** The offset behind a gap of the same topic. */
export function offsetBehind(
  consumer: Consumer,
  topic: string,
  { number }: LogPartition,
  gap: Gap,
  policy: 'earliest' | 'latest',
): Promise<number> {
  if (policy === 'latest') return offsetAt(consumer, topic, number, 'latest')
  // What replaced a cut-off end has not been read: it is read now, and the lost rows stay counted.
  return Promise.resolve(gap.kind === 'truncated' ? gap.from : gap.to)
}

/** Moves a log behind a gap; back only where the log was cut off, and then by what is lost. */
export function moveTo({ position, state, source }: LogPartition, offset: number): void {
  const missing = offset - position.next
  if (missing >= 0) position.skipped += missing
  // Backwards: what was counted stays counted, so the beginning moves with the position.
  else position.first += missing
  position.next = offset
  position.leaderEpoch = -1
  state.moved.add(source)
}
