// How old a replica is: the oldest checkpoint that it shows, and which partition is late; pure.
import type { ReplicaProgress } from '../../../consumers/ingest/changelog-progress.ts'

/** What a replica shows, in short. */
export interface ReplicaMessage {
  prefix: string
  /** Partitions with a checkpoint, of all. */
  partitions: number
  ofPartitions: number
  /** When its oldest checkpoint was published (UTC ms); null before the first. */
  asOfMs: number | null
  /** The partition that is late, as a sentence; null when none is. */
  late: string | null
}

/** A checkpoint may be missed, and is on its way for seconds. */
const MISSED = 2
const SLACK_MS = 15_000

/** The short form as of `nowMs`, milliseconds since 1970. */
export function replicaMessage(
  { prefix, partitions }: ReplicaProgress,
  nowMs: number,
): ReplicaMessage {
  const known = partitions.flatMap((one) => (one.asOfMs === null ? [] : [one.asOfMs]))
  return {
    prefix,
    partitions: known.length,
    ofPartitions: partitions.length,
    asOfMs: known.length === 0 ? null : Math.min(...known),
    late: lateOf(partitions, nowMs),
  }
}

function lateOf(partitions: ReplicaProgress['partitions'], nowMs: number): string | null {
  const late = partitions.filter(({ asOfMs, withinMs }) => {
    return asOfMs !== null && withinMs !== null && nowMs - asOfMs > MISSED * withinMs + SLACK_MS
  })
  const [first] = late.sort((a, b) => (a.asOfMs ?? 0) - (b.asOfMs ?? 0))
  if (late.length === 0) return null
  const seconds = Math.round((nowMs - (first.asOfMs ?? nowMs)) / 1000)
  const others = late.length === 1 ? '' : ` (and ${late.length - 1} others)`
  return (
    `Partition ${first.partition}${others} is as of ${seconds} seconds ago: ${first.member} publishes ` +
    'no checkpoints, or this replica cannot read them.'
  )
}
