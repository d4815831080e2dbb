// `produce`: sends the rows of Parquet files to a topic, with progress and a reconciliation.
import { printText } from '../plain-text.ts'
import { produceFiles, type ProduceOptions } from '../producer/run.ts'
import type { ProduceProgress } from '../producer/send.ts'
import type { Speed } from '../producer/throttle.ts'
import { PulseError } from '../errors.ts'
import type { Log } from '../log.ts'
import { durationText } from '../snapshot/units.ts'
import { connectionOf, registryOf } from '../process/kafka-connection.ts'
import { unitOptions } from '../option-values.ts'
import type { PRODUCE_OPTIONS, ValuesOf } from '../options.ts'
import { exitCodeAfter, onSignals } from '../process/signals.ts'
import { tableText } from '../terminal/table.ts'
import { createProgress } from '../terminal/progress.ts'

type ProduceValues = ValuesOf<typeof PRODUCE_OPTIONS>

/**
 * Sends files to a topic until their end or a signal, and prints the reconciliation.
 *
 * @returns the exit code: that of the signal if one stopped it before the last row
 */
export async function produce(
  files: readonly string[],
  values: ProduceValues,
  log: Log,
): Promise<number> {
  const display = await createProgress('produce')
  let hasBegun = false
  const running = produceFiles(produceOptions(files, values), {
    onProgress(progress) {
      hasBegun = true
      display.update(progress.rows, progress.totalRows, paceOf(progress))
    },
    onNote: (sentence) => log.info(sentence),
    onTrouble: onChange((sentence) => log.warn(sentence)),
  })
  const signals = onSignals(running.stop, { hasBegun: () => hasBegun })
  const last = await running.ended.finally(() => {
    display.end()
    signals.release()
  })
  const text = values.json
    ? JSON.stringify(reconciliationOf(last))
    : reconciliationText(last, onlyTopic(values))
  printText(text)
  return exitCodeAfter(last.done, signals.received())
}

function produceOptions(files: readonly string[], values: ProduceValues): ProduceOptions {
  return {
    files,
    connection: connectionOf(values),
    topic: onlyTopic(values),
    partitions: values.partitions === 'auto' ? null : values.partitions,
    create: values.createTopic,
    format: values.format === 'json' ? 'json' : 'avro',
    registry: registryOf(values),
    compression: values.compression,
    speed: speedOf(values),
    fromRow: values.fromRow === 'auto' ? null : values.fromRow,
    shiftTo: values.shiftTo === 'off' ? null : values.shiftTo,
    units: unitOptions(values),
    timeZone: values.timeZone,
  }
}

/** @throws PulseError `usage` for several topics */
function onlyTopic({ topic: topics }: ProduceValues): string {
  if (topics.length === 1) return topics[0]
  throw new PulseError(
    'usage',
    `--topic is "${topics.join(',')}", expected one topic: run produce once for each`,
  )
}

function speedOf({ speed, rate }: ProduceValues): Speed {
  if (rate !== 'max') return { rowsPerSecond: rate }
  return speed === 'max' ? null : { timesRealTime: speed }
}

/** Reports a condition when it begins or changes, not at every retry. */
function onChange(note: (sentence: string) => void): (sentence: string) => void {
  let last = ''
  return (sentence) => {
    if (sentence !== last) note(sentence)
    last = sentence
  }
}

function paceOf({ sent, rows, totalRows, seconds, eventTimeMs }: ProduceProgress): string {
  const perSecond = sent / Math.max(seconds, 0.001)
  const leftMs = (1000 * (totalRows - rows)) / Math.max(perSecond, 1)
  const left = sent === 0 ? '' : `, ${durationText(leftMs)} left`
  const event = eventTimeMs === null ? '' : `, ${new Date(eventTimeMs).toISOString().slice(0, 16)}`
  return `${Math.round(perSecond).toLocaleString('en-US')} rows/s${left}${event}`
}

/** The reconciliation for machines; rows = sent + alreadySent. */
const reconciliationOf = (last: ProduceProgress) => ({
  rows: last.rows,
  sent: last.sent,
  alreadySent: last.alreadySent,
  recordsRead: last.recordsRead,
  bytes: last.bytes,
  perPartition: last.perPartition,
  seconds: Number(last.seconds.toFixed(3)),
  rowsPerSecond: Math.round(last.sent / Math.max(last.seconds, 0.001)),
  complete: last.done,
})

/** The reconciliation for people. */
function reconciliationText(last: ProduceProgress, topic: string): string {
  const { rows, sent, alreadySent, bytes, perPartition, rowsPerSecond, seconds } =
    reconciliationOf(last)
  const lines = [
    tableText([
      ['reconciliation', 'rows'],
      ['rows read', rows],
      ['sent', sent],
      ['already in the topic', alreadySent],
      ['bytes', bytes],
      ...perPartition.map((count, p): [string, number] => [`sent to partition ${p}`, count]),
      ['seconds', Math.round(seconds * 10) / 10],
      ['rows per second', rowsPerSecond],
    ]),
  ]
  if (!last.done) {
    lines.push('Stopped before the end: run the same command again to continue.')
  } else if (sent === 0 && alreadySent > 0) {
    lines.push(`Nothing was sent: topic "${topic}" already holds all of these rows.`)
  }
  return lines.join('\n')
}
