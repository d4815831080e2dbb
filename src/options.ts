// Which options each command takes, apart from its work: help and usage load nothing else.
import type { OptionName, Values } from './config.ts'
import type { SnapshotOptions } from './snapshot/schema.ts'

/** The values of a command's options. */
export type ValuesOf<Names extends readonly OptionName[]> = Pick<Values, Names[number]>

/** What a snapshot is made with. */
export const SNAPSHOT_OPTIONS = [
  'k',
  'features',
  'scaling',
  'top',
  'seed',
  'excludeApplication',
] as const

/** A snapshot's options as its own layer names them. */
export const snapshotOptions = (values: ValuesOf<typeof SNAPSHOT_OPTIONS>): SnapshotOptions => ({
  k: values.k,
  features: values.features,
  scaling: values.scaling,
  top: values.top,
  seed: values.seed,
  excludeApplications: values.excludeApplication,
})

/** Of a pipeline that is served, its snapshots among them. */
export const SERVE_OPTIONS = [
  ...SNAPSHOT_OPTIONS,
  'snapshotInterval',
  'host',
  'port',
  'tokenFile',
  'allowHost',
] as const

/** How Kafka and the registry are reached. */
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
  'deadLetterTopic',
  'rejectedLimit',
  'commitInterval',
  'durationUnit',
  'timeZone',
  'missingMsisdn',
  'keepRejected',
  ...SERVE_OPTIONS,
  'json',
  'logLevel',
] as const

/** Of a replay into a state directory. */
export const REPLAY_OPTIONS = [
  'state',
  'speed',
  'commitInterval',
  'durationUnit',
  'timeZone',
  'missingMsisdn',
  'partitions',
  'keepRejected',
  'json',
  'logLevel',
] as const

/** Of a replay to Kafka, besides those of a replay. */
export const PRODUCE_OPTIONS = [
  'to',
  ...CONNECTION_OPTIONS,
  'topic',
  'createTopic',
  'format',
  'rate',
  'compression',
] as const

/** What a synthetic file is like, its seed aside. */
export const SAMPLE_OPTIONS = ['rows', 'subscribers', 'days', 'dirt'] as const

export const DEMO_OPTIONS = [...REPLAY_OPTIONS, ...SERVE_OPTIONS, ...SAMPLE_OPTIONS] as const

/** Twelve hours of traffic a second: a month in a minute. */
export const DEMO_DEFAULTS = { state: 'data/demo', speed: '43200' }

/** Of whatever takes a snapshot of a state directory and prints of it. */
export const REPORT_OPTIONS = ['state', ...SNAPSHOT_OPTIONS, 'json', 'logLevel'] as const

/** Of a report as files, besides those of a report. */
export const FILE_OPTIONS = ['html', 'export', 'csv', 'mask'] as const

export const TOP_OPTIONS = ['state', 'top', 'by', 'watch', 'json', 'logLevel'] as const

export const STATUS_OPTIONS = ['state', 'hash', 'json', 'logLevel'] as const

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
  'logLevel',
] as const
