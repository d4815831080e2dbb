// The options of each command, apart from its work: help and usage errors load nothing else.
import type { OptionName, Values } from './config.ts'
import type { UnitOptions } from './record/source-units.ts'
import type { SnapshotOptions } from './snapshot/schema.ts'

/** The values of a command's options. */
export type ValuesOf<Names extends readonly OptionName[]> = Pick<Values, Names[number]>

/** How segments are computed. */
const SEGMENT_OPTIONS = ['k', 'features', 'scaling', 'seed'] as const

/** How a snapshot is computed. */
export const SNAPSHOT_OPTIONS = [...SEGMENT_OPTIONS, 'top', 'excludeApplication'] as const

/** Values from which a snapshot is computed: all of them, or those of its segments. */
export type SnapshotValues = ValuesOf<typeof SEGMENT_OPTIONS> &
  Partial<ValuesOf<typeof SNAPSHOT_OPTIONS>>

/** The options of a snapshot under the names of its layer. */
export const snapshotOptions = ({
  k,
  features,
  scaling,
  seed,
  // A command that prints segments alone takes neither.
  top = 1,
  excludeApplication = [],
}: SnapshotValues): SnapshotOptions => ({
  k,
  features,
  scaling,
  top,
  seed,
  excludeApplications: excludeApplication,
})

/** Options of a pipeline that is served, its snapshots included. */
export const SERVE_OPTIONS = [
  ...SNAPSHOT_OPTIONS,
  'snapshotInterval',
  'host',
  'port',
  'tokenFile',
  'allowHost',
] as const

/** Options of the connections to Kafka and to the schema registry. */
export const CONNECTION_OPTIONS = [
  'kafka',
  'tls',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'saslMechanism',
  'saslUsername',
  'saslSecretFile',
  'registry',
  'registrySecretFile',
] as const

/** Options of how sources are read; they belong to a source, not to the state. */
const UNIT_OPTIONS = ['durationUnit', 'forceUnits'] as const

/** These options under the names of their layer. */
export const unitOptions = ({
  durationUnit,
  forceUnits,
}: ValuesOf<typeof UNIT_OPTIONS>): UnitOptions => ({ durationUnit, forceUnits })

/** Options of `run`. */
export const RUN_OPTIONS = [
  'state',
  ...CONNECTION_OPTIONS,
  'topic',
  'format',
  'schema',
  'group',
  'instanceId',
  'sessionTimeout',
  'from',
  'onGap',
  'untilCaughtUp',
  'history',
  'cutover',
  'partitioner',
  'deadLetterTopic',
  'rejectedLimit',
  'commitInterval',
  ...UNIT_OPTIONS,
  'timeZone',
  'missingMsisdn',
  'keepRejected',
  ...SERVE_OPTIONS,
  'json',
  'logLevel',
] as const

/** Options of a replay into a state directory, without those of serving. */
export const INGEST_OPTIONS = [
  'state',
  'speed',
  'commitInterval',
  ...UNIT_OPTIONS,
  'timeZone',
  'missingMsisdn',
  'partitions',
  'keepRejected',
  'json',
] as const

/** Options of `replay`. */
export const REPLAY_OPTIONS = [...INGEST_OPTIONS, 'serve', ...SERVE_OPTIONS, 'logLevel'] as const

/** Options of `produce`. */
export const PRODUCE_OPTIONS = [
  ...CONNECTION_OPTIONS,
  'topic',
  'createTopic',
  'partitions',
  'format',
  'speed',
  'rate',
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

/** Options of `verify`. */
export const VERIFY_OPTIONS = ['state', 'json'] as const

/** Options of `rejected`. */
export const REJECTED_OPTIONS = [
  'state',
  'limit',
  'reprocess',
  'reason',
  'format',
  'registry',
  'registrySecretFile',
  'schema',
  'keepRejected',
  'json',
] as const
