// The metrics of checkpoints that this process publishes, and of a replica that follows them.
import {
  PARTITION_SOURCES,
  type ChangelogProgress,
  type ReplicaPartition,
} from '../../../consumers/ingest/changelog-progress.ts'
import { counter, enumerated, gauge, type Read, type Series } from './row.ts'

const ofChangelog =
  (value: (changelog: ChangelogProgress) => number): Read =>
  ({ consumer }) => {
    const changelog = consumer?.changelog ?? null
    return changelog === null ? 0 : value(changelog)
  }

const ageOf = (atMs: number): number => Math.max(0, Date.now() - atMs) / 1000

/** A series per partition of a replica; none before its first checkpoint. */
const ofReplica =
  (value: (partition: ReplicaPartition & { asOfMs: number }) => Series): Read =>
  ({ progress }) =>
    (progress?.replica?.partitions ?? []).flatMap((partition) => {
      const { asOfMs } = partition
      return asOfMs === null ? [] : [value({ ...partition, asOfMs })]
    })

/** Metrics of the changelog. */
export const CHANGELOG_METRICS = [
  gauge(
    'checkpoint_age_seconds',
    'Time since this member published the newest checkpoint of an assigned partition.',
    ['partition'],
    ({ consumer }) =>
      (consumer?.changelog?.partitions ?? []).flatMap(({ partition, publishedMs }): Series[] =>
        publishedMs === null ? [] : [[String(partition), ageOf(publishedMs)]],
      ),
  ),
  counter(
    'checkpoints_total',
    'Checkpoints that were published.',
    ofChangelog(({ checkpoints }) => checkpoints),
  ),
  counter(
    'checkpoint_subscribers_total',
    'Aggregates of subscribers in published checkpoints.',
    ofChangelog(({ subscribers }) => subscribers),
  ),
  counter(
    'checkpoint_bytes_total',
    'Bytes of records in published checkpoints.',
    ofChangelog(({ bytes }) => bytes),
  ),
  counter(
    'checkpoint_failures_total',
    'Checkpoints that failed; each is tried again.',
    ofChangelog(({ failures }) => failures),
  ),
  counter(
    'checkpoint_fenced_total',
    'Partitions whose changelog another member has taken over.',
    ofChangelog(({ fenced }) => fenced),
  ),
  counter(
    'restores_total',
    'Assigned partitions, by where their state came from.',
    ['source'],
    ({ consumer }) => enumerated(PARTITION_SOURCES, consumer?.changelog?.restores ?? {}),
  ),
  counter(
    'restored_subscribers_total',
    'Subscribers restored from the changelog.',
    ofChangelog(({ restoredSubscribers }) => restoredSubscribers),
  ),
  gauge(
    'replica_age_seconds',
    'Age of the checkpoint that a replica has of a partition.',
    ['partition'],
    ofReplica(({ partition, asOfMs }) => [String(partition), ageOf(asOfMs)]),
  ),
  gauge(
    'replica_checkpoint',
    'Number of the checkpoint that a replica has of a partition, and the member that published it.',
    ['partition', 'member'],
    ofReplica(({ partition, member, checkpoint }) => [
      String(partition),
      member ?? '',
      checkpoint ?? 0,
    ]),
  ),
] as const
