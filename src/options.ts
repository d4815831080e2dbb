// The options of each command, apart from its work: help and usage errors load nothing else.
import type { OptionName, Values } from './config.ts'
import { CONNECTION_OPTIONS, KAFKA_OPTIONS, REGISTRY_OPTIONS } from './connection-options.ts'

/** The values of a command's options. */
export type ValuesOf<Names extends readonly OptionName[]> = Pick<Values, Names[number]>

/** How segments are computed. */
export const SEGMENT_OPTIONS = ['k', 'features', 'scaling', 'seed'] as const

/** How a snapshot is computed. */
export const SNAPSHOT_OPTIONS = [...SEGMENT_OPTIONS, 'top', 'excludeApplication'] as const

/** Options of a pipeline that is served, its snapshots included. */
export const SERVE_OPTIONS = [
  ...SNAPSHOT_OPTIONS,
  'snapshotInterval',
  'host',
  'port',
  'tokenFile',
  'httpTlsKey',
  'httpTlsCert',
  'allowHost',
  'httpCorsOrigin',
] as const

/** Options of how sources are read; they belong to a source, not to the state. */
export const UNIT_OPTIONS = [
  'durationUnit',
  'timeFormat',
  'numberFormat',
  'volumeUnit',
  'map',
  'forceUnits',
] as const

/** Options of a state that reads a topic as a member of a group. */
const TOPIC_OPTIONS = [
  'state',
  ...CONNECTION_OPTIONS,
  'topic',
  'format',
  'schema',
  'group',
] as const

/** Options of `run`. */
export const RUN_OPTIONS = [
  ...TOPIC_OPTIONS,
  'instanceId',
  'sessionTimeout',
  'rack',
  'fetchMaxBytes',
  'fetchPartitionBytes',
  'fetchWait',
  'from',
  'onGap',
  'untilCaughtUp',
  'history',
  'cutover',
  'partitioner',
  'deadLetterTopic',
  'deadLetterHeaders',
  'changelog',
  'checkpointInterval',
  'rejectedLimit',
  'commitInterval',
  'threads',
  ...UNIT_OPTIONS,
  'recordType',
  'timeZone',
  'missingMsisdn',
  'keepRejected',
  ...SERVE_OPTIONS,
  'json',
  'logLevel',
] as const

/** Options of `replica`. */
export const REPLICA_OPTIONS = [
  'state',
  ...KAFKA_OPTIONS,
  'changelog',
  ...SERVE_OPTIONS,
  'logLevel',
] as const

/** Options of a replay into a state directory, without those of serving. */
export const INGEST_OPTIONS = [
  'state',
  'speed',
  'commitInterval',
  'threads',
  ...UNIT_OPTIONS,
  'timeZone',
  'missingMsisdn',
  'partitions',
  'keepRejected',
  'json',
] as const

/** Options of `replay`. */
export const REPLAY_OPTIONS = [
  ...INGEST_OPTIONS,
  'shiftTo',
  'serve',
  ...SERVE_OPTIONS,
  'logLevel',
] as const

/** Options of `produce`. */
export const PRODUCE_OPTIONS = [
  ...CONNECTION_OPTIONS,
  'topic',
  'createTopic',
  'partitions',
  'format',
  'speed',
  'rate',
  'fromRow',
  'shiftTo',
  'compression',
  ...UNIT_OPTIONS,
  'timeZone',
  'json',
  'logLevel',
] as const

/** Options of a synthetic file, except its seed. */
const SAMPLE_OPTIONS = ['rows', 'subscribers', 'days', 'dirt'] as const

/** Options of `generate`. */
export const GENERATE_OPTIONS = ['out', 'force', ...SAMPLE_OPTIONS, 'seed', 'json'] as const

/** Options of `demo`. */
export const DEMO_OPTIONS = [
  ...INGEST_OPTIONS,
  ...SERVE_OPTIONS,
  ...SAMPLE_OPTIONS,
  'logLevel',
] as const

/** Defaults of `demo`: twelve hours of traffic per second, so a month takes a minute. */
export const DEMO_DEFAULTS = { state: 'data/demo', speed: '43200' }

/** Options of `report`. */
export const REPORT_OPTIONS = [
  'state',
  ...SNAPSHOT_OPTIONS,
  'html',
  'export',
  'csv',
  'mask',
  'json',
] as const

/** Options of `segments` and `subscriber`, which print no top lists. */
export const SEGMENTS_OPTIONS = ['state', ...SEGMENT_OPTIONS, 'json'] as const

/** Options of `top`. */
export const TOP_OPTIONS = ['state', 'top', 'by', 'watch', 'json'] as const

/** Options of `status`. */
export const STATUS_OPTIONS = ['state', 'hash', 'json'] as const

/** Options of `doctor`: those of a run that decide what it can reach. */
export const DOCTOR_OPTIONS = [
  ...TOPIC_OPTIONS,
  'deadLetterTopic',
  'map',
  'recordType',
  'timeZone',
  'json',
] as const

/** Options of `reread`. */
export const REREAD_OPTIONS = [
  'state',
  ...KAFKA_OPTIONS,
  'partition',
  'yes',
  'acceptLoss',
  'json',
] as const

/** Options of `backup`. */
export const BACKUP_OPTIONS = ['state', 'keep', 'json'] as const

/** Options of `restore`. */
export const RESTORE_OPTIONS = ['state', 'json'] as const

/** Options of `verify`. */
export const VERIFY_OPTIONS = ['state', ...UNIT_OPTIONS, 'json'] as const

/** Options of `rejected`. */
export const REJECTED_OPTIONS = [
  'state',
  'limit',
  'reprocess',
  'reason',
  'format',
  ...REGISTRY_OPTIONS,
  'schema',
  'keepRejected',
  'json',
] as const
