// The table of options: flags, environment, validation, types, help, completion and documents.
import { REASONS } from './record/batch.ts'
import { APPLICATIONS } from './record/columns.ts'
import { DURATION_UNITS } from './record/duration-unit.ts'
import { NUMBER_FORMATS } from './record/formats/number-format.ts'
import { TIME_FORMATS } from './record/formats/time-format.ts'
import { VOLUME_UNITS } from './record/formats/volume-unit.ts'
import { meant } from './record/spelling.ts'
import { PulseError } from './errors.ts'
import * as schemas from './option-schemas.ts'
import { FEATURES, METRICS, SCALINGS } from './snapshot/metrics.ts'
import { z } from './schema.ts'

/** One option. `default` is in the form in which a user would write it. */
export interface OptionRow<T> {
  flag: string
  /** Placeholder of the value in help; none for a switch. */
  value?: string
  default: string
  schema: z.ZodType<T, string>
  /** The closed list of values, for completion. */
  choices?: readonly string[]
  /**
   * The option has an effect only with all of these, as they are written: a flag, or a flag and the
   * values that count (`--format avro|json`). A need that the command does not take counts as met.
   */
  needs?: readonly string[]
  /** The option has no effect with any of these. */
  excludes?: readonly string[]
  doc: string
}

const option = <T>(row: OptionRow<T>): OptionRow<T> => row

const { oneOf, onOff, whole } = schemas

/** Well below the time after which a response counts as slow. */
const LONGEST_FETCH_MS = 2000

/** All options of all commands, by name. */
export const OPTIONS = {
  state: option({
    flag: '--state',
    value: 'DIR',
    default: 'data/state',
    schema: z.string().min(1, 'a directory'),
    doc: 'state directory',
  }),
  speed: option({
    flag: '--speed',
    value: 'max|N',
    default: 'max',
    schema: schemas.maxOrNumber,
    choices: ['max'],
    doc: 'as fast as possible, or event time at N times real time, in order of Start',
  }),
  commitInterval: option({
    flag: '--commit-interval',
    value: 'TIME',
    default: '1s',
    schema: schemas.duration,
    doc: 'time between commits; a crash repeats at most this much work',
  }),
  partitions: option({
    flag: '--partitions',
    value: 'N|auto',
    default: 'auto',
    schema: schemas.wordOr(
      'auto',
      (n) => Number.isInteger(n) && n >= 1 && n <= 1024,
      'a whole number from 1 to 1024',
    ),
    choices: ['auto'],
    doc:
      "partitions by Kafka's key: of a new state, which keeps them, or of the topic; auto: those " +
      'that exist, two per thread that folds in a new state, one in a new topic',
  }),
  threads: option({
    flag: '--threads',
    value: 'N|auto',
    default: 'auto',
    schema: schemas.wordOr(
      'auto',
      (n) => Number.isInteger(n) && n >= 1 && n <= 64,
      'a whole number from 1 to 64',
    ),
    choices: ['auto'],
    doc: 'ingest threads, at most one per partition; auto: one less than the machine has cores',
  }),
  durationUnit: option({
    flag: '--duration-unit',
    value: 'UNIT',
    default: 'auto',
    ...oneOf(['auto', ...DURATION_UNITS]),
    doc: 'unit of "Dur. (ms)"; auto: the one that agrees with End - Start, else reading stops and asks',
  }),
  timeFormat: option({
    flag: '--time-format',
    value: 'ORDER',
    default: 'auto',
    ...oneOf(['auto', ...TIME_FORMATS]),
    doc: 'order of day and month before a year; auto: what days above 12 show, else reading stops and asks',
  }),
  numberFormat: option({
    flag: '--number-format',
    value: 'FORMAT',
    default: 'auto',
    ...oneOf(['auto', ...NUMBER_FORMATS]),
    doc:
      'decimal point or comma of numbers as text; auto: what the values of each column show, else ' +
      'reading stops and asks',
  }),
  volumeUnit: option({
    flag: '--volume-unit',
    value: 'UNIT',
    default: 'auto',
    ...oneOf(['auto', ...VOLUME_UNITS]),
    doc: 'unit of download and upload; auto: bytes, or the unit that the source was begun with',
  }),
  map: option({
    flag: '--map',
    value: 'NAME=PATH,...',
    default: '',
    schema: schemas.mappedColumns,
    doc: 'columns that sources have under other names, or within others: "Total DL=traffic.dl"',
  }),
  recordType: option({
    flag: '--record-type',
    value: 'LIST',
    default: '',
    schema: schemas.list,
    needs: ['--registry'],
    doc: 'records of a topic that are read, comma-separated: names in Avro, with or without namespace, titles in JSON Schema; messages of others are left out and counted',
  }),
  forceUnits: option({
    flag: '--force-units',
    default: 'false',
    schema: onOff,
    doc: 'read a source with the units and formats given although its rows contradict them',
  }),
  timeZone: option({
    flag: '--time-zone',
    value: 'ZONE',
    default: 'UTC',
    schema: schemas.timeZone,
    doc: 'zone of times without one, and of the hours on page and report; fixed when the state is created',
  }),
  missingMsisdn: option({
    flag: '--missing-msisdn',
    value: 'WHAT',
    default: 'reject',
    ...oneOf(['reject', 'zero']),
    doc: 'reject rows without MSISDN, or fold them under 0; fixed when the state is created',
  }),
  keepRejected: option({
    flag: '--keep-rejected',
    value: 'ROWS',
    default: '100000',
    schema: whole(0, 1e9),
    needs: ['--reprocess'],
    doc: 'maximum rejected rows kept per partition; more are only counted',
  }),
  kafka: option({
    flag: '--kafka',
    value: 'BROKERS',
    default: '127.0.0.1:9092',
    schema: z
      .string()
      .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'a comma-separated list of HOST:PORT'),
    doc: 'bootstrap servers, comma-separated',
  }),
  clientId: option({
    flag: '--client-id',
    value: 'NAME',
    default: 'xdr-pulse',
    schema: z.string().regex(/^[\w.-]{1,249}$/, '1 to 249 characters of [A-Za-z0-9._-]'),
    doc: 'client.id of all connections to Kafka, for its logs and quotas',
  }),
  topic: option({
    flag: '--topic',
    value: 'NAMES',
    default: '',
    schema: schemas.topicNames,
    doc: 'Kafka topic; run and doctor take several with the same partitions, comma-separated',
  }),
  createTopic: option({
    flag: '--create-topic',
    default: 'false',
    schema: onOff,
    doc: 'create the topic with --partitions partitions if it does not exist',
  }),
  format: option({
    flag: '--format',
    value: 'FORMAT',
    default: 'auto',
    ...oneOf(['auto', 'avro', 'json']),
    needs: ['--reprocess'],
    doc: 'message format; auto reads both, and produces Avro',
  }),
  registry: option({
    flag: '--registry',
    value: 'URL',
    default: '',
    schema: schemas.httpUrl,
    needs: ['--reprocess'],
    excludes: ['--format json'],
    doc: "schema registry with Confluent's API; without one, messages are raw Avro",
  }),
  group: option({
    flag: '--group',
    value: 'NAME',
    default: 'xdr-pulse',
    schema: z.string().regex(/^\S{1,249}$/, 'a name without spaces'),
    doc: 'consumer group',
  }),
  instanceId: option({
    flag: '--instance-id',
    value: 'NAME',
    default: 'auto',
    schema: z.string().regex(/^[\w.-]{1,200}$/, '1 to 200 characters of [A-Za-z0-9._-]'),
    doc: 'group.instance.id of this member; auto derives it from host and state directory',
  }),
  sessionTimeout: option({
    flag: '--session-timeout',
    value: 'TIME',
    default: '30s',
    schema: schemas.duration,
    doc: "group session timeout, within the broker's group.min/max.session.timeout.ms",
  }),
  rack: option({
    flag: '--rack',
    value: 'NAME',
    default: '',
    schema: z.string().regex(/^\S{0,249}$/, 'a name without spaces'),
    doc: 'where this process runs (client.rack): partitions are fetched from a replica in that rack',
  }),
  fetchMaxBytes: option({
    flag: '--fetch-max-bytes',
    value: 'BYTES',
    default: String(16 * 2 ** 20),
    schema: whole(1024, 2 ** 30),
    doc: 'most bytes of a response (fetch.max.bytes); per broker at most two are in memory',
  }),
  fetchPartitionBytes: option({
    flag: '--fetch-partition-bytes',
    value: 'BYTES',
    default: String(4 * 2 ** 20),
    schema: whole(1024, 2 ** 30),
    doc: 'most bytes of one partition in a response (max.partition.fetch.bytes)',
  }),
  fetchWait: option({
    flag: '--fetch-wait',
    value: 'TIME',
    default: '100ms',
    schema: schemas.duration.refine((ms) => ms <= LONGEST_FETCH_MS, 'a time of at most 2s'),
    doc: 'how long a broker holds back an empty response (fetch.max.wait.ms)',
  }),
  schema: option({
    flag: '--schema',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--reprocess'],
    excludes: ['--registry', '--format json'],
    doc: 'Avro schema of messages without a registry; the default is schema/xdr.avsc',
  }),
  from: option({
    flag: '--from',
    value: 'WHERE',
    default: 'earliest',
    schema: schemas.wordOrTime(['earliest', 'latest']),
    choices: ['earliest', 'latest'],
    doc: 'where reading begins in a partition that was never read: earliest, latest or a time',
  }),
  onGap: option({
    flag: '--on-gap',
    value: 'WHAT',
    default: 'stop',
    ...oneOf(['stop', 'earliest', 'latest']),
    doc:
      'on missing offsets (retention, truncation): stop the partition, or skip to ' +
      'earliest/latest and count the loss',
  }),
  untilCaughtUp: option({
    flag: '--until-caught-up',
    default: 'false',
    schema: onOff,
    doc: 'exit with a reconciliation summary once the lag is 0',
  }),
  deadLetterTopic: option({
    flag: '--dead-letter-topic',
    value: 'NAME',
    default: '',
    schema: schemas.topicName,
    doc: 'topic that receives rejected messages, with reason and position as headers',
  }),
  deadLetterHeaders: option({
    flag: '--dead-letter-headers',
    value: 'NAMES',
    default: 'own',
    ...oneOf(['own', 'kip-1034']),
    needs: ['--dead-letter-topic'],
    doc: 'names of the headers of dead letters: xdr-…, or those of Kafka Streams (KIP-1034)',
  }),
  changelog: option({
    flag: '--changelog',
    value: 'PREFIX',
    default: '',
    schema: schemas.topicName,
    excludes: ['--history'],
    doc:
      'publish the state to the compacted topics PREFIX.engagement and PREFIX.state, and restore ' +
      'partitions from them',
  }),
  checkpointInterval: option({
    flag: '--checkpoint-interval',
    value: 'TIME',
    default: '10s',
    schema: schemas.duration,
    needs: ['--changelog'],
    doc: 'time between checkpoints in the changelog; a lost disk repeats at most this much work',
  }),
  rejectedLimit: option({
    flag: '--rejected-limit',
    value: 'SHARE',
    default: '0.5',
    schema: schemas.share,
    doc: 'share of rejected rows, of the last thousands, above which reading pauses; 1 disables it',
  }),
  history: option({
    flag: '--history',
    value: 'FILES',
    default: '',
    schema: schemas.list,
    doc: 'Parquet or CSV files, directories or globs, comma-separated, applied before the topic',
  }),
  cutover: option({
    flag: '--cutover',
    value: 'TIME',
    default: 'auto',
    schema: schemas.wordOrTime(['auto']),
    choices: ['auto'],
    needs: ['--history'],
    doc:
      'rows that start before it are taken from the history, others from the topic; auto: just ' +
      'after the last Start of the files',
  }),
  partitioner: option({
    flag: '--partitioner',
    value: 'NAME',
    default: 'auto',
    ...oneOf(['auto', 'murmur2', 'crc32', 'fnv1a']),
    needs: ['--history'],
    doc:
      "how the topic's producers choose partitions, for its history: murmur2 (Java), crc32 " +
      '(librdkafka), fnv1a (Sarama); auto: determined from the keys',
  }),
  tls: option({
    flag: '--tls',
    default: 'false',
    schema: onOff,
    doc: 'connect to Kafka with TLS; implied by --tls-ca and --tls-cert',
  }),
  tlsCa: option({
    flag: '--tls-ca',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: "CA certificate of the brokers (PEM); the default is Node.js's list",
  }),
  tlsCert: option({
    flag: '--tls-cert',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'client certificate (PEM)',
  }),
  tlsKey: option({
    flag: '--tls-key',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'private key of the client certificate (PEM)',
  }),
  saslMechanism: option({
    flag: '--sasl-mechanism',
    value: 'NAME',
    default: 'none',
    ...oneOf(['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']),
    doc: 'SASL mechanism',
  }),
  saslUsername: option({
    flag: '--sasl-username',
    value: 'NAME',
    default: '',
    schema: z.string(),
    needs: ['--sasl-mechanism PLAIN|SCRAM-SHA-256|SCRAM-SHA-512'],
    doc: 'user name for PLAIN and SCRAM',
  }),
  saslSecretFile: option({
    flag: '--sasl-secret-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--sasl-mechanism'],
    doc:
      'file with the password (PLAIN, SCRAM), the client secret (--sasl-token-url), or the token ' +
      '(OAUTHBEARER, read at every connection); alternative: XDR_PULSE_SASL_SECRET',
  }),
  saslTokenUrl: option({
    flag: '--sasl-token-url',
    value: 'URL',
    default: '',
    schema: schemas.httpUrl,
    needs: ['--sasl-mechanism OAUTHBEARER'],
    doc:
      'token endpoint of client credentials (OAUTHBEARER); the client secret is that of ' +
      '--sasl-secret-file',
  }),
  saslTokenCa: option({
    flag: '--sasl-token-ca',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--sasl-token-url'],
    doc: "CA certificate of the token endpoint (PEM); the default is Node.js's list",
  }),
  saslClientId: option({
    flag: '--sasl-client-id',
    value: 'ID',
    default: '',
    schema: z.string(),
    needs: ['--sasl-token-url'],
    doc: 'client id for the token endpoint',
  }),
  saslScope: option({
    flag: '--sasl-scope',
    value: 'SCOPES',
    default: '',
    schema: z.string(),
    needs: ['--sasl-token-url'],
    doc: 'scopes to ask the token endpoint for, with spaces between them',
  }),
  registrySecretFile: option({
    flag: '--registry-secret-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--registry'],
    doc: "file with the registry's USER:PASSWORD; alternative: XDR_PULSE_REGISTRY_SECRET",
  }),
  registryTokenFile: option({
    flag: '--registry-token-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--registry'],
    excludes: ['--registry-secret-file'],
    doc: "file with the registry's bearer token, read for every request; alternative: XDR_PULSE_REGISTRY_TOKEN",
  }),
  registryCa: option({
    flag: '--registry-ca',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--registry'],
    doc: "CA certificate of the registry (PEM); the default is Node.js's list",
  }),
  rate: option({
    flag: '--rate',
    value: 'max|N',
    default: 'max',
    schema: schemas.maxOrNumber,
    choices: ['max'],
    excludes: ['--speed'],
    doc: 'rows per second to send',
  }),
  fromRow: option({
    flag: '--from-row',
    value: 'auto|N',
    default: 'auto',
    schema: schemas.autoOrRows,
    choices: ['auto'],
    doc: 'rows of the file, in order of Start, that were sent before, for a topic that has lost records; auto: what Kafka shows',
  }),
  shiftTo: option({
    flag: '--shift-to',
    value: 'off|now|DATE',
    default: 'off',
    schema: schemas.shiftTo,
    choices: ['off', 'now'],
    doc: 'shift all times by whole days, so that the last day of the files becomes the present one, or a date such as 2026-01-31; kept with the position or progress of each file',
  }),
  compression: option({
    flag: '--compression',
    value: 'CODEC',
    default: 'lz4',
    ...oneOf(['none', 'lz4', 'zstd']),
    doc: 'compression of the batches sent',
  }),
  snapshotInterval: option({
    flag: '--snapshot-interval',
    value: 'TIME',
    default: '3s',
    schema: schemas.duration,
    needs: ['--serve'],
    doc: 'time between the starts of two snapshots; snapshots never overlap',
  }),
  host: option({
    flag: '--host',
    value: 'ADDRESS',
    default: '127.0.0.1',
    schema: z.string().min(1, 'an address of this machine'),
    needs: ['--serve'],
    doc: 'listen address; any address other than loopback requires --token-file',
  }),
  tokenFile: option({
    flag: '--token-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--serve'],
    doc:
      'file of access tokens, one per line: TOKEN, or TOKEN SCOPE,SCOPE with the scopes metrics, ' +
      'read and subscribers; read again when it changes',
  }),
  httpTlsKey: option({
    flag: '--http-tls-key',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--serve'],
    doc: 'private key (PEM) of the server, which then serves https; read again when it changes',
  }),
  httpTlsCert: option({
    flag: '--http-tls-cert',
    value: 'FILE',
    default: '',
    schema: z.string(),
    needs: ['--serve'],
    doc: 'certificate of the server, followed by those that signed it (PEM); read again when it changes',
  }),
  allowHost: option({
    flag: '--allow-host',
    value: 'LIST',
    default: '',
    schema: schemas.hostNames,
    needs: ['--serve'],
    doc: 'additional Host header values to accept, comma-separated',
  }),
  httpCorsOrigin: option({
    flag: '--http-cors-origin',
    value: 'LIST',
    default: '',
    schema: schemas.origins,
    needs: ['--token-file'],
    doc: 'other origins whose pages may read responses with a token, comma-separated',
  }),
  port: option({
    flag: '--port',
    value: 'PORT',
    default: '8480',
    schema: whole(0, 65535),
    needs: ['--serve'],
    doc: 'listen port; 0 takes a free one',
  }),
  serve: option({
    flag: '--serve',
    default: 'false',
    schema: onOff,
    doc: 'take snapshots and serve page, API and metrics, also after the last row',
  }),
  k: option({
    flag: '--k',
    value: 'N|auto',
    default: '3',
    schema: schemas.wordOr(
      'auto',
      (n) => Number.isInteger(n) && n >= 1 && n <= 50,
      'a whole number from 1 to 50',
    ),
    choices: ['auto'],
    needs: ['--serve'],
    doc: 'number of segments; auto takes the knee of the elbow',
  }),
  features: option({
    flag: '--features',
    value: 'LIST',
    default: 'sessions,durationMs,trafficBytes',
    schema: schemas.listOf(FEATURES, 1),
    choices: FEATURES,
    needs: ['--serve'],
    doc: `features of the segments, comma-separated: ${FEATURES.join(', ')}`,
  }),
  scaling: option({
    flag: '--scaling',
    value: 'HOW',
    default: 'min-max',
    ...oneOf(SCALINGS),
    needs: ['--serve'],
    doc: `normalisation of the features: ${SCALINGS.join(', ')}`,
  }),
  top: option({
    flag: '--top',
    value: 'N',
    default: '10',
    schema: whole(1, 10_000),
    needs: ['--serve'],
    doc: 'length of top lists',
  }),
  seed: option({
    flag: '--seed',
    value: 'N',
    default: '1',
    schema: whole(0, 2 ** 32 - 1),
    needs: ['--serve'],
    doc: 'seed of random numbers; the same seed gives the same result',
  }),
  excludeApplication: option({
    flag: '--exclude-application',
    value: 'LIST',
    default: '',
    schema: schemas.listOf(APPLICATIONS, 0),
    choices: APPLICATIONS,
    needs: ['--serve'],
    doc: 'applications left out of the three most used, comma-separated',
  }),
  html: option({
    flag: '--html',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'write the report as one HTML page that needs no other file',
  }),
  export: option({
    flag: '--export',
    value: 'DIR',
    default: '',
    schema: z.string(),
    doc: 'write subscribers, top lists, applications, segments and hours as Parquet files',
  }),
  csv: option({
    flag: '--csv',
    default: 'false',
    schema: onOff,
    needs: ['--export'],
    doc: 'with --export: also write CSV',
  }),
  mask: option({
    flag: '--mask',
    default: 'false',
    schema: onOff,
    needs: ['--html'],
    doc: 'with --html: show only the last 3 digits of MSISDNs',
  }),
  by: option({
    flag: '--by',
    value: 'METRIC',
    default: 'all',
    ...oneOf(['all', ...METRICS]),
    doc: `show one top list: ${METRICS.join(', ')}`,
  }),
  watch: option({
    flag: '--watch',
    value: '[SECONDS]',
    default: 'off',
    schema: schemas.watchSeconds,
    doc: 'refresh every N seconds (2 without a number) until a signal',
  }),
  out: option({
    flag: '--out',
    value: 'FILE',
    default: 'data/sample.parquet',
    schema: z.string().min(1, 'a file name'),
    doc: 'Parquet file to write',
  }),
  force: option({
    flag: '--force',
    default: 'false',
    schema: onOff,
    doc: 'replace a file that "generate" did not write',
  }),
  rows: option({
    flag: '--rows',
    value: 'N',
    default: '300000',
    schema: whole(1, 1e10),
    doc: 'rows to generate',
  }),
  subscribers: option({
    flag: '--subscribers',
    value: 'N',
    default: '40000',
    schema: whole(1, 1e9),
    doc: 'subscribers that the rows are spread over',
  }),
  days: option({
    flag: '--days',
    value: 'N',
    default: '30',
    schema: schemas.days,
    doc: 'days over which sessions start',
  }),
  dirt: option({
    flag: '--dirt',
    value: 'SHARE',
    default: '0.01',
    schema: schemas.share,
    doc: 'share of rows with a fault of real files; 0 is clean',
  }),
  keep: option({
    flag: '--keep',
    value: 'BACKUPS',
    default: '7',
    schema: whole(1, 1e6),
    doc: 'backups kept in the directory; older ones are deleted',
  }),
  partition: option({
    flag: '--partition',
    value: 'N',
    default: '',
    schema: schemas.partition,
    doc: 'the partition to drop',
  }),
  yes: option({
    flag: '--yes',
    default: 'false',
    schema: onOff,
    doc: 'drop the partition; without it, only what that means is printed',
  }),
  acceptLoss: option({
    flag: '--accept-loss',
    default: 'false',
    schema: onOff,
    needs: ['--yes'],
    doc: 'drop also rows that the log no longer has; they are counted as skipped',
  }),
  limit: option({
    flag: '--limit',
    value: 'ROWS',
    default: '50',
    schema: whole(1, 1e9),
    excludes: ['--reprocess'],
    doc: 'maximum rows to list',
  }),
  reprocess: option({
    flag: '--reprocess',
    default: 'false',
    schema: onOff,
    doc: 'validate kept rejected messages again and apply the valid ones; no other process may write',
  }),
  reason: option({
    flag: '--reason',
    value: 'REASON',
    default: 'all',
    ...oneOf(['all', ...REASONS]),
    doc: 'only rows rejected for this reason',
  }),
  hash: option({
    flag: '--hash',
    default: 'false',
    schema: onOff,
    doc: 'also compute the state hash: equal for the same rows from any source, in any order',
  }),
  json: option({
    flag: '--json',
    default: 'false',
    schema: onOff,
    doc: 'print the result as JSON',
  }),
  logLevel: option({
    flag: '--log-level',
    value: 'LEVEL',
    default: 'info',
    ...oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    needs: ['--serve'],
    doc: 'minimum log level; the log goes to stderr',
  }),
} as const

/** The name of an option in code. */
export type OptionName = keyof typeof OPTIONS

/** The parsed values of all options. */
export type Values = { [K in OptionName]: z.output<(typeof OPTIONS)[K]['schema']> }

const PREFIX = 'XDR_PULSE_'

/** The name of an option's environment variable: XDR_PULSE_ and the flag in capitals. */
export const environmentName = (name: OptionName): string =>
  PREFIX + OPTIONS[name].flag.slice(2).toUpperCase().replaceAll('-', '_')

/** Variables without a flag: the process list would show a secret that is given as a flag. */
const OTHER_VARIABLES = ['SASL_SECRET', 'REGISTRY_SECRET', 'REGISTRY_TOKEN', 'REVISION']

/** A sentence per variable whose name is nearly that of one that is read. */
export function misspeltVariables(variables: readonly string[]): string[] {
  const names = Object.keys(OPTIONS) as OptionName[]
  const read = names.map((name) => environmentName(name).slice(PREFIX.length))
  const known = [...read, ...OTHER_VARIABLES]
  return variables
    .filter((variable) => variable.startsWith(PREFIX))
    .map((variable) => variable.slice(PREFIX.length))
    .filter((rest) => !known.includes(rest) && meant(rest, known) !== '')
    .map(
      (rest) =>
        `${PREFIX}${rest} is not read${meant(rest, known).replace('mean ', `mean ${PREFIX}`)}`,
    )
}

/**
 * Parses the values of options as they were written; `placeOf` names where each was written.
 *
 * @throws PulseError `usage` with the place, the value and what is expected
 */
export function parseValues<K extends OptionName>(
  names: readonly K[],
  written: Readonly<Record<string, string>>,
  placeOf: (name: OptionName) => string = (name) => OPTIONS[name].flag,
): Pick<Values, K> {
  const values: Partial<Record<OptionName, unknown>> = {}
  for (const name of names) {
    const parsed = OPTIONS[name].schema.safeParse(written[name])
    if (!parsed.success) {
      const expected = parsed.error.issues[0].message
      throw new PulseError('usage', `${placeOf(name)} is "${written[name]}", expected ${expected}`)
    }
    values[name] = parsed.data
  }
  return values as Pick<Values, K>
}
