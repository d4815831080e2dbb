// `run`: consumes a Kafka topic and serves page, API and metrics, until a signal or until caught up.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { TopicConsumerOptions } from '../../consumers/kafka/run.ts'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { SourceReconciliation } from '../../consumers/ingest/source-reconciliation.ts'
import type { Log } from '../log.ts'
import { printText } from '../plain-text.ts'
import {
  reconciliationOf,
  reconciliationText,
  requireApplied,
  requireDelivered,
} from '../terminal/summary.ts'
import { connectionOf, registryOf, schemaOf } from '../process/kafka-connection.ts'
import { ingestThreads, recordTypes, unitOptions } from '../option-values.ts'
import type { RUN_OPTIONS, ValuesOf } from '../options.ts'
import { servePipeline } from '../process/serving.ts'
import { exitCodeAfter } from '../process/signals.ts'
import { tableText } from '../terminal/table.ts'

type RunValues = ValuesOf<typeof RUN_OPTIONS>

/**
 * Consumes and serves until a signal, or with `--until-caught-up` until the lag is 0.
 *
 * @returns the exit code: that of the signal if it came before the lag was 0, with
 *   `--until-caught-up`; 0 for a consumer without an end
 */
export async function run(values: RunValues, log: Log): Promise<number> {
  const options = consumeOptions(values)
  let stopped: string | null = null
  let done = false
  const signal = await servePipeline({ type: 'consume', options }, values, log, {
    onProgress({ consumer }) {
      const now = consumer?.partitions.find(({ gap }) => gap)?.stopped ?? null
      if (now !== null && stopped === null) log.error('not ready: a partition is stopped at a gap')
      stopped = now
    },
    onEnd(last) {
      print(last, values)
      done = last.done || !values.untilCaughtUp
      if (values.untilCaughtUp) requireApplied(last)
      requireDelivered(last)
      return true
    },
  })
  return exitCodeAfter(done, signal)
}

function print(last: IngestProgress, { json, state }: RunValues): void {
  const reconciliation = reconciliationOf(last)
  const sources = last.reconciliation ?? []
  const text = `${sourcesText(sources)}\n\n${reconciliationText(reconciliation, state)}`
  printText(json ? JSON.stringify({ ...reconciliation, sources }) : text)
}

/** Since the state began; the reconciliation below it is of this run. */
function sourcesText(sources: readonly SourceReconciliation[]): string {
  const rows = sources.map(({ name, kind, read, applied, rejected, excluded, gap }) => {
    return [`${kind} ${name}`, read, applied, rejected, excluded, gap]
  })
  const table = tableText([
    ['source', 'rows read', 'applied', 'rejected', 'excluded', 'gap'],
    ...rows,
  ])
  return [table, ...sources.flatMap(notIncluded)].join('\n')
}

/** What of a topic is in none of the numbers, and what has not been delivered. */
function notIncluded(source: SourceReconciliation): string[] {
  const { name, notRetained, otherTypes, undelivered } = source
  const skipped = source.skipped - otherTypes
  return [
    ...(notRetained === 0
      ? []
      : [
          `topic ${name}: ${notRetained} offsets before the beginning of the log are not retained ` +
            'and not included',
        ]),
    ...(skipped === 0
      ? []
      : [
          `topic ${name}: ${skipped} offsets without a row: markers, aborted or compacted records, ` +
            'passed gaps',
        ]),
    ...(otherTypes === 0
      ? []
      : [`topic ${name}: ${otherTypes} messages of record types that --record-type does not name`]),
    ...(undelivered === 0
      ? []
      : [`topic ${name}: ${undelivered} rejected rows wait for the dead-letter topic`]),
  ]
}

/**
 * The options of the consumer.
 *
 * @throws PulseError `usage` or `input-missing` for connection, secrets and schema
 */
export function consumeOptions(values: RunValues): TopicConsumerOptions {
  const { timeZone, missingMsisdn } = values
  return {
    connection: connectionOf(values),
    topics: values.topic,
    groupId: values.group,
    instanceId: values.instanceId === 'auto' ? instanceOf(values.state) : values.instanceId,
    sessionTimeoutMs: values.sessionTimeout,
    fetching: {
      rack: values.rack,
      maxBytes: values.fetchMaxBytes,
      maxPartitionBytes: values.fetchPartitionBytes,
      maxWaitMs: values.fetchWait,
    },
    stateDirectory: values.state,
    threads: ingestThreads(values.threads),
    changelog: changelogOf(values),
    state: { timeZone, missingMsisdn },
    units: { ...unitOptions(values), ...recordTypes(values) },
    format: values.format,
    registry: registryOf(values),
    schema: schemaOf(values),
    from: values.from,
    onGap: values.onGap,
    rejectedLimit: values.rejectedLimit,
    deadLetterTopic: values.deadLetterTopic === '' ? null : values.deadLetterTopic,
    deadLetterHeaders: values.deadLetterHeaders,
    untilCaughtUp: values.untilCaughtUp,
    history: values.history,
    cutover: values.cutover,
    partitioner: values.partitioner,
    commitIntervalMs: values.commitInterval,
    keepRejected: values.keepRejected,
  }
}

const changelogOf = (values: RunValues): TopicConsumerOptions['changelog'] =>
  values.changelog === ''
    ? null
    : { prefix: values.changelog, intervalMs: values.checkpointInterval }

/** The same after every start, and different for every state directory. */
function instanceOf(stateDirectory: string): string {
  const digest = createHash('sha256').update(resolve(stateDirectory)).digest('hex')
  return `${hostname().replace(/[^\w.-]/g, '_')}-${digest.slice(0, 12)}`
}
