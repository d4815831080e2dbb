// `run`: consumes a Kafka topic and serves page, API and metrics, until a signal or until caught up.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { TopicConsumerOptions } from '../../consumers/kafka/consumer.ts'
import type { IngestProgress, SourceReconciliation } from '../../consumers/ingest/progress.ts'
import type { Log } from '../log.ts'
import { reconciliationOf, reconciliationText } from '../terminal/summary.ts'
import { connectionOf, registryOf, schemaOf } from '../process/kafka-connection.ts'
import { unitOptions, type RUN_OPTIONS, type ValuesOf } from '../options.ts'
import { servePipeline } from '../process/serving.ts'
import { tableText } from '../terminal/table.ts'

type RunValues = ValuesOf<typeof RUN_OPTIONS>

/** Consumes and serves until a signal, or with `--until-caught-up` until the lag is 0. */
export async function run(values: RunValues, log: Log): Promise<void> {
  const options = consumeOptions(values)
  let stopped: string | null = null
  await servePipeline({ type: 'consume', options }, values, log, {
    onProgress({ consumer }) {
      const now = consumer?.partitions.find(({ gap }) => gap)?.stopped ?? null
      if (now !== null && stopped === null) log.error('not ready: a partition is stopped at a gap')
      stopped = now
    },
    onEnd(last) {
      print(last, values)
      return true
    },
  })
}

function print(last: IngestProgress, { json, state }: RunValues): void {
  const reconciliation = reconciliationOf(last)
  const sources = last.reconciliation ?? []
  const text = `${sourcesText(sources)}\n\n${reconciliationText(reconciliation, state)}`
  process.stdout.write(`${json ? JSON.stringify({ ...reconciliation, sources }) : text}\n`)
}

/** Since the state began; the reconciliation below it is of this run. */
function sourcesText(sources: readonly SourceReconciliation[]): string {
  const rows = sources.map(({ name, kind, read, applied, rejected, excluded, gap }) => {
    return [`${kind} ${name}`, read, applied, rejected, excluded, gap]
  })
  return tableText([['source', 'rows read', 'applied', 'rejected', 'excluded', 'gap'], ...rows])
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
    topic: values.topic,
    groupId: values.group,
    instanceId: values.instanceId === 'auto' ? instanceOf(values.state) : values.instanceId,
    sessionTimeoutMs: values.sessionTimeout,
    stateDirectory: values.state,
    state: { timeZone, missingMsisdn },
    units: unitOptions(values),
    format: values.format,
    registry: registryOf(values),
    schema: schemaOf(values),
    from: values.from,
    onGap: values.onGap,
    rejectedLimit: values.rejectedLimit,
    deadLetterTopic: values.deadLetterTopic === '' ? null : values.deadLetterTopic,
    untilCaughtUp: values.untilCaughtUp,
    history: values.history,
    cutover: values.cutover,
    commitIntervalMs: values.commitInterval,
    keepRejected: values.keepRejected,
  }
}

/** The same after every start, and different for every state directory. */
function instanceOf(stateDirectory: string): string {
  const digest = createHash('sha256').update(resolve(stateDirectory)).digest('hex')
  return `${hostname().replace(/[^\w.-]/g, '_')}-${digest.slice(0, 12)}`
}
