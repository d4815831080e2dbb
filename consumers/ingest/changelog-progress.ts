// What a member has published to a changelog, and what a replica has of it.

/** Where a partition came from when it was assigned. */
export const PARTITION_SOURCES = ['new', 'local', 'changelog'] as const
/** One of `PARTITION_SOURCES`. */
export type PartitionSource = (typeof PARTITION_SOURCES)[number]

/** A partition that this member publishes. */
export interface PublishedPartition {
  partition: number
  source: PartitionSource
  /** Of a restore; 0 without one. */
  restoredSubscribers: number
  restoreSeconds: number
  /** Number of its newest checkpoint, and when it was published (UTC ms); null before the first. */
  checkpoint: number | null
  publishedMs: number | null
  /** Why the last checkpoint failed, as a sentence; null after a success. */
  trouble: string | null
  /** Another member has taken over. */
  fenced: boolean
}

/** What a member has published since its start. */
export interface ChangelogProgress {
  prefix: string
  partitions: PublishedPartition[]
  checkpoints: number
  /** Subscribers, and bytes of records, in checkpoints. */
  subscribers: number
  bytes: number
  failures: number
  /** Partitions that another member has taken over. */
  fenced: number
  /** By where a partition came from. */
  restores: Record<PartitionSource, number>
  restoredSubscribers: number
}

/** A partition of a replica; null values before its first checkpoint. */
export interface ReplicaPartition {
  partition: number
  /** Number of the checkpoint that it has, and the member that published it. */
  checkpoint: number | null
  member: string | null
  /** When the checkpoint was published (UTC ms). */
  asOfMs: number | null
  /** Its owner publishes one at least so often (ms). */
  withinMs: number | null
  /** How far its sources were read then. */
  positions: { name: string; next: number }[]
}

/** The part of the progress that only a replica has. */
export interface ReplicaProgress {
  prefix: string
  partitions: ReplicaPartition[]
}
