// Every option is one row of one table: flags, environment, validation, types, help and README.
import { REASONS } from './record/batch.ts'
import { APPLICATIONS } from './record/columns.ts'
import { meant } from './record/spelling.ts'
import { PulseError } from './errors.ts'
import { FEATURES, METRICS } from './snapshot/metrics.ts'
import { SCALINGS } from './snapshot/schema.ts'
import { z } from './schema.ts'

/** One option. `default` is in the form in which a user would write it. */
export interface OptionRow<T> {
  flag: string
  /** What stands behind the flag in help; none for a switch. */
  value?: string
  default: string
  schema: z.ZodType<T, string>
  doc: string
}

const option = <T>(row: OptionRow<T>): OptionRow<T> => row

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Timers of Node fire at once when told to wait longer than 2^31 ms. */
const LONGEST_MS = 24 * 24 * UNITS_MS.h

const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'a time such as 250ms, 1s or 5m')
  .transform((text) => {
    const [, amount, unit] = /^([\d.]+)(\w+)$/.exec(text) as unknown as [string, string, string]
    return Number(amount) * UNITS_MS[unit]
  })
  .refine((ms) => ms <= LONGEST_MS, `a time of at most ${LONGEST_MS / UNITS_MS.h}h`)

/** As the environment spells it; on the command line the flag alone is `true`. */
const onOff = z
  .string()
  .pipe(z.enum(['true', '1', 'false', '0', ''], 'true or false'))
  .transform((text) => text === 'true' || text === '1')

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((n) => n >= least && n <= most, `a whole number from ${least} to ${most}`)

/** A word or a number; whatever is wrong, what is expected names both. */
const wordOr = <const W extends string>(word: W, isValid: (n: number) => boolean, doc: string) =>
  z
    .string()
    .transform((text) => (text === word ? word : Number(text)))
    .refine(
      (value) => typeof value === 'string' || isValid(value),
      `${word} or ${doc}`,
    ) as unknown as z.ZodType<W | number, string>

const oneOf = <const T extends string>(values: readonly T[]) =>
  z.string().pipe(
    z.enum(values, {
      error: ({ input }) => `one of ${values.join(', ')}${meant(String(input), values)}`,
    }),
  ) as z.ZodType<T, string>

const isKnown = (part: string, values: readonly string[]): boolean => values.includes(part)

const listOf = <const T extends string>(values: readonly T[], least: number) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .transform((parts) => parts.filter((part) => part !== ''))
    .refine(
      (parts) =>
        parts.length >= least &&
        new Set(parts).size === parts.length &&
        parts.every((part) => isKnown(part, values)),
      {
        error: ({ input }) => {
          const unknown = (input as string[]).find((part) => !isKnown(part, values)) ?? ''
          return `a comma-separated list of ${values.join(', ')}${meant(unknown, values)}`
        },
      },
    ) as unknown as z.ZodType<T[], string>

/** Names only, old and new: an offset such as +05:00 is known to Intl but not to DuckDB. */
function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return /^[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}

const positive = 'a number above 0'
const ratio = 'a number from 0 to 1'

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
    schema: wordOr('max', (n) => n > 0 && Number.isFinite(n), positive),
    doc: 'as fast as possible, or event time at N times real time, in order of Start',
  }),
  commitInterval: option({
    flag: '--commit-interval',
    value: 'TIME',
    default: '1s',
    schema: duration,
    doc: 'time between commits; a crash repeats at most this much work',
  }),
  partitions: option({
    flag: '--partitions',
    value: 'N',
    default: '1',
    schema: whole(1, 1024),
    doc: 'partitions of the state, by the key of Kafka; fixed when the state is made',
  }),
  durationUnit: option({
    flag: '--duration-unit',
    value: 'UNIT',
    default: 'auto',
    schema: oneOf(['auto', 'ms', 's']),
    doc: 'what "Dur. (ms)" holds: auto compares with End - Start; fixed when the state is made',
  }),
  timeZone: option({
    flag: '--time-zone',
    value: 'ZONE',
    default: 'UTC',
    schema: z.string().refine(isTimeZone, 'an IANA time zone such as UTC or Europe/Paris'),
    doc: 'zone of times that name none, and in which page and HTML report tell hours; fixed when the state is made',
  }),
  missingMsisdn: option({
    flag: '--missing-msisdn',
    value: 'WHAT',
    default: 'reject',
    schema: oneOf(['reject', 'zero']),
    doc: 'reject rows without MSISDN, or fold them under 0; fixed when the state is made',
  }),
  keepRejected: option({
    flag: '--keep-rejected',
    value: 'ROWS',
    default: '100000',
    schema: whole(0, 1e9),
    doc: 'rejected rows kept in each partition to look at; more are only counted',
  }),
  to: option({
    flag: '--to',
    value: 'WHERE',
    default: 'state',
    schema: oneOf(['state', 'kafka']),
    doc: 'where rows go: a state directory, or a topic of Kafka',
  }),
  kafka: option({
    flag: '--kafka',
    value: 'BROKERS',
    default: '127.0.0.1:9092',
    schema: z
      .string()
      .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'a comma-separated list of HOST:PORT'),
    doc: 'brokers to begin with, comma-separated',
  }),
  topic: option({
    flag: '--topic',
    value: 'NAME',
    default: '',
    schema: z.string().regex(/^[\w.-]{0,249}$/, 'a name of letters, digits, ".", "_" and "-"'),
    doc: 'topic of Kafka',
  }),
  createTopic: option({
    flag: '--create-topic',
    default: 'false',
    schema: onOff,
    doc: 'make the topic with --partitions partitions if it does not exist',
  }),
  format: option({
    flag: '--format',
    value: 'FORMAT',
    default: 'auto',
    schema: oneOf(['auto', 'avro', 'json']),
    doc: 'format of messages; rows are sent as Avro unless json is asked for',
  }),
  registry: option({
    flag: '--registry',
    value: 'URL',
    default: '',
    schema: z.union([z.literal(''), z.url({ protocol: /^https?$/, error: 'an http(s) URL' })]),
    doc: "schema registry of Confluent's kind; without one, bodies are raw Avro of our own schema",
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
    schema: z.string().regex(/^[\w.-]{1,200}$/, 'a name of letters, digits, ".", "_" and "-"'),
    doc: 'name by which the group knows this process again; auto: host and state directory',
  }),
  sessionTimeout: option({
    flag: '--session-timeout',
    value: 'TIME',
    default: '30s',
    schema: duration,
    doc: 'how long a silent member keeps its partitions; the brokers bound it',
  }),
  schema: option({
    flag: '--schema',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'Avro schema of messages that come without a registry; else our own (schema/xdr.avsc)',
  }),
  from: option({
    flag: '--from',
    value: 'WHERE',
    default: 'earliest',
    schema: z
      .string()
      .transform((text) => (['earliest', 'latest'].includes(text) ? text : Date.parse(text)))
      .refine(
        (value) => typeof value === 'string' || value >= 0,
        'earliest, latest or a time such as 2026-01-31T00:00:00Z',
      ) as unknown as z.ZodType<'earliest' | 'latest' | number, string>,
    doc: 'where to begin in a partition that was never read',
  }),
  onGap: option({
    flag: '--on-gap',
    value: 'WHAT',
    default: 'stop',
    schema: oneOf(['stop', 'earliest', 'latest']),
    doc: 'at rows that are gone from the log: stop the partition, or go on there, said and counted',
  }),
  untilCaughtUp: option({
    flag: '--until-caught-up',
    default: 'false',
    schema: onOff,
    doc: 'end with an account when everything is read, instead of serving',
  }),
  deadLetterTopic: option({
    flag: '--dead-letter-topic',
    value: 'NAME',
    default: '',
    schema: z.string().regex(/^[\w.-]{0,249}$/, 'a name of letters, digits, ".", "_" and "-"'),
    doc: 'topic that rejected messages are forwarded to, with reason and position as headers',
  }),
  rejectedLimit: option({
    flag: '--rejected-limit',
    value: 'SHARE',
    default: '0.5',
    schema: z
      .string()
      .transform(Number)
      .refine((n) => n >= 0 && n <= 1, ratio),
    doc: 'share of rejected rows among the last thousands at which reading pauses; 1 never does',
  }),
  history: option({
    flag: '--history',
    value: 'FILES',
    default: '',
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .transform((parts) => parts.filter((part) => part !== '')),
    doc: 'Parquet files, directories or globs, comma-separated, applied before the topic is read',
  }),
  cutover: option({
    flag: '--cutover',
    value: 'TIME',
    default: 'auto',
    schema: z
      .string()
      .transform((text) => (text === 'auto' ? text : Date.parse(text)))
      .refine(
        (value) => typeof value === 'string' || value >= 0,
        'auto or a time such as 2026-01-31T00:00:00Z',
      ),
    doc:
      'rows that start before it are taken from the history, others from the topic; auto: just ' +
      'behind the last Start of the files',
  }),
  tls: option({
    flag: '--tls',
    default: 'false',
    schema: onOff,
    doc: 'connect to Kafka with TLS; also when one of the files below is given',
  }),
  tlsCa: option({
    flag: '--tls-ca',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: "certificate of the authority that signed the brokers' (PEM); else those Node.js knows",
  }),
  tlsCert: option({
    flag: '--tls-cert',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'certificate of this client (PEM)',
  }),
  tlsKey: option({
    flag: '--tls-key',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'key of this client (PEM)',
  }),
  saslMechanism: option({
    flag: '--sasl-mechanism',
    value: 'NAME',
    default: 'none',
    schema: oneOf(['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']),
    doc: 'how to say to Kafka who this is',
  }),
  saslUsername: option({
    flag: '--sasl-username',
    value: 'NAME',
    default: '',
    schema: z.string(),
    doc: 'user of PLAIN and SCRAM',
  }),
  saslSecretFile: option({
    flag: '--sasl-secret-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc:
      'file with the password of PLAIN and SCRAM, or the token of OAUTHBEARER (read at every ' +
      'connection); else the variable XDR_PULSE_SASL_SECRET',
  }),
  registrySecretFile: option({
    flag: '--registry-secret-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'file with USER:PASSWORD of the registry; else the variable XDR_PULSE_REGISTRY_SECRET',
  }),
  rate: option({
    flag: '--rate',
    value: 'max|N',
    default: 'max',
    schema: wordOr('max', (n) => n > 0 && Number.isFinite(n), positive),
    doc: 'rows a second to send',
  }),
  compression: option({
    flag: '--compression',
    value: 'CODEC',
    default: 'lz4',
    schema: oneOf(['none', 'lz4', 'zstd']),
    doc: 'compression of batches that are sent',
  }),
  snapshotInterval: option({
    flag: '--snapshot-interval',
    value: 'TIME',
    default: '3s',
    schema: duration,
    doc: 'time between the starts of snapshots; none starts before the last has ended',
  }),
  host: option({
    flag: '--host',
    value: 'ADDRESS',
    default: '127.0.0.1',
    schema: z.string().min(1, 'an address of this machine'),
    doc: 'address to serve on; another one than loopback needs --token-file',
  }),
  tokenFile: option({
    flag: '--token-file',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc:
      'file with one token a line that requests must carry, or TOKEN SCOPE,SCOPE with scopes out of ' +
      'metrics, read, subscribers, admin',
  }),
  allowHost: option({
    flag: '--allow-host',
    value: 'LIST',
    default: '',
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .transform((parts) => parts.filter((part) => part !== ''))
      .refine(
        (parts) => parts.every((part) => /^([\w.-]+|\[[\da-fA-F:.]+\])$/.test(part)),
        'a comma-separated list of host names without ports',
      ),
    doc: 'names besides localhost by which clients may ask for this server, comma-separated',
  }),
  port: option({
    flag: '--port',
    value: 'PORT',
    default: '8480',
    schema: whole(0, 65535),
    doc: 'port to serve on; 0 takes any free one',
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
    schema: wordOr(
      'auto',
      (n) => Number.isInteger(n) && n >= 1 && n <= 50,
      'a whole number from 1 to 50',
    ),
    doc: 'segments; auto takes the knee of the elbow',
  }),
  features: option({
    flag: '--features',
    value: 'LIST',
    default: 'sessions,durationMs,trafficBytes',
    schema: listOf(FEATURES, 1),
    doc: `what segments are made of, from: ${FEATURES.join(', ')}`,
  }),
  scaling: option({
    flag: '--scaling',
    value: 'HOW',
    default: 'min-max',
    schema: oneOf(SCALINGS),
    doc: `how features are made comparable: ${SCALINGS.join(', ')}`,
  }),
  top: option({
    flag: '--top',
    value: 'N',
    default: '10',
    schema: whole(1, 10_000),
    doc: 'length of top lists',
  }),
  seed: option({
    flag: '--seed',
    value: 'N',
    default: '1',
    schema: whole(0, 2 ** 32 - 1),
    doc: 'seed of everything random: the same seed gives the same result',
  }),
  excludeApplication: option({
    flag: '--exclude-application',
    value: 'LIST',
    default: '',
    schema: listOf(APPLICATIONS, 0),
    doc: 'applications left out of the three most used, comma-separated',
  }),
  html: option({
    flag: '--html',
    value: 'FILE',
    default: '',
    schema: z.string(),
    doc: 'write the report as one page of HTML instead, to be read, printed or sent without anything else',
  }),
  export: option({
    flag: '--export',
    value: 'DIR',
    default: '',
    schema: z.string(),
    doc: 'write subscribers, top lists, applications, segments and hours into it as Parquet files instead',
  }),
  csv: option({
    flag: '--csv',
    default: 'false',
    schema: onOff,
    doc: 'with --export: the same as CSV besides',
  }),
  mask: option({
    flag: '--mask',
    default: 'false',
    schema: onOff,
    doc: 'with --html: show only the last 3 digits of MSISDNs',
  }),
  by: option({
    flag: '--by',
    value: 'METRIC',
    default: 'all',
    schema: oneOf(['all', ...METRICS]),
    doc: `show one top list, that of ${METRICS.join(', ')}`,
  }),
  watch: option({
    flag: '--watch',
    value: '[SECONDS]',
    default: 'off',
    schema: z
      .string()
      .transform((text) => ({ off: 0, '': 0, true: 2 })[text] ?? Number(text))
      .refine(
        (seconds) => seconds === 0 || (seconds >= 0.1 && seconds <= LONGEST_MS / 1000),
        'off or seconds from 0.1 on',
      ),
    doc: 'show it again every so many seconds (2 unless given) until a signal',
  }),
  out: option({
    flag: '--out',
    value: 'FILE',
    default: 'data/sample.parquet',
    schema: z.string().min(1, 'a file name'),
    doc: 'Parquet file to write',
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
    doc: 'subscribers among which rows are spread',
  }),
  days: option({
    flag: '--days',
    value: 'N',
    default: '30',
    schema: z
      .string()
      .transform(Number)
      .refine((n) => n > 0 && n <= 3650, `${positive} up to 3650`),
    doc: 'days over which sessions start',
  }),
  dirt: option({
    flag: '--dirt',
    value: 'SHARE',
    default: '0.01',
    schema: z
      .string()
      .transform(Number)
      .refine((n) => n >= 0 && n <= 1, ratio),
    doc: 'share of rows with a fault of real files; 0 is perfectly clean',
  }),
  limit: option({
    flag: '--limit',
    value: 'ROWS',
    default: '50',
    schema: whole(1, 1e9),
    doc: 'most rows to list',
  }),
  reprocess: option({
    flag: '--reprocess',
    default: 'false',
    schema: onOff,
    doc: 'validate kept rejected messages again and apply those that are records now; no other process may write',
  }),
  reason: option({
    flag: '--reason',
    value: 'REASON',
    default: 'all',
    schema: oneOf(['all', ...REASONS]),
    doc: 'only rows rejected for this reason',
  }),
  hash: option({
    flag: '--hash',
    default: 'false',
    schema: onOff,
    doc: 'also compute the canonical hash: the same rows give the same, however they came in',
  }),
  json: option({
    flag: '--json',
    default: 'false',
    schema: onOff,
    doc: 'print JSON for machines',
  }),
  logLevel: option({
    flag: '--log-level',
    value: 'LEVEL',
    default: 'info',
    schema: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    doc: 'least level that is logged, to stderr',
  }),
} as const

export type OptionName = keyof typeof OPTIONS
export type Values = { [K in OptionName]: z.output<(typeof OPTIONS)[K]['schema']> }

const PREFIX = 'XDR_PULSE_'

/** Name of an option's environment variable: XDR_PULSE_ and the flag in capitals. */
export const environmentName = (name: OptionName): string =>
  PREFIX + OPTIONS[name].flag.slice(2).toUpperCase().replaceAll('-', '_')

/** Read where they are needed: a secret is no option, which would show it to whoever lists processes. */
const SECRETS = ['SASL_SECRET', 'REGISTRY_SECRET']

/** Sentences about variables that are none of ours and nearly spelt like one. */
export function misspeltVariables(variables: readonly string[]): string[] {
  const names = Object.keys(OPTIONS) as OptionName[]
  const known = [...names.map((name) => environmentName(name).slice(PREFIX.length)), ...SECRETS]
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
 * Turns what was written into values; `placeOf` says where an option was written.
 *
 * @throws PulseError `usage` naming the place, what was found, what is expected
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
