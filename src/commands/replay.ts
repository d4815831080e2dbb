// `replay`: Parquet files into a state directory, with page, API and metrics when `--serve` is given.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { ReplayOptions } from '../../consumers/files/replay.ts'
import type { Values } from '../config.ts'
import type { Log } from '../log.ts'
import { printText } from '../plain-text.ts'
import type { IngestJob } from '../process/ingest-worker.ts'
import { reconciliationOf, reconciliationText, requireApplied } from '../terminal/summary.ts'
import { ingestThreads, unitOptions } from '../option-values.ts'
import type { INGEST_OPTIONS, SERVE_OPTIONS, ValuesOf } from '../options.ts'
import type { Pipeline } from '../process/pipeline.ts'
import { exitCodeAfter, onSignals } from '../process/signals.ts'
import { replayDisplay } from '../terminal/replay-progress.ts'
import { startIngest } from '../process/ingest-thread.ts'

type ReplayValues = ValuesOf<typeof INGEST_OPTIONS> & Partial<ValuesOf<readonly ['shiftTo']>>

const replayOptions = (files: readonly string[], values: ReplayValues): ReplayOptions => ({
  files,
  stateDirectory: values.state,
  state: {
    partitions: values.partitions === 'auto' ? { ofNew: newPartitions(values) } : values.partitions,
    timeZone: values.timeZone,
    missingMsisdn: values.missingMsisdn,
  },
  units: unitOptions(values),
  speed: values.speed,
  threads: ingestThreads(values.threads),
  shiftTo: (values.shiftTo ?? 'off') === 'off' ? null : (values.shiftTo ?? null),
  commitIntervalMs: values.commitInterval,
  keepRejected: values.keepRejected,
})

/** Two per thread that folds, so that a machine with more cores has some to divide. */
const newPartitions = ({ threads }: ReplayValues): number =>
  Math.max(1, 2 * (ingestThreads(threads) - 1))

/**
 * Replays without serving, and prints the reconciliation.
 *
 * @returns the exit code: that of the signal if one stopped it before the last row
 */
export async function replay(files: readonly string[], values: ReplayValues): Promise<number> {
  const display = await replayDisplay()
  const notes: string[] = []
  let hasBegun = false
  const ingest = startIngest(
    { type: 'replay', options: replayOptions(files, values) },
    (progress) => {
      hasBegun = true
      notes.push(...progress.warnings.map(({ message }) => message))
      display.show(progress)
    },
  )
  const signals = onSignals(() => ingest.send('stop'), {
    hasBegun: () => hasBegun,
    silentMs: () => ingest.silentMs(),
  })
  const last = await ingest.ended.finally(() => {
    display.end()
    signals.release()
  })
  print(last, values, notes)
  requireApplied(last)
  return exitCodeAfter(last.done, signals.received())
}

function print(
  last: IngestProgress,
  { json, state }: Pick<Values, 'json' | 'state'>,
  notes: readonly string[] = [],
): void {
  const reconciliation = reconciliationOf(last, notes)
  printText(json ? JSON.stringify(reconciliation) : reconciliationText(reconciliation, state))
}

/**
 * Replays and serves, also after the last row, until a signal.
 *
 * @param onEnd is called with the pipeline when all rows are applied
 * @returns the exit code: that of the signal if it came before the last row
 */
export async function replayAndServe(
  files: readonly string[],
  values: ReplayValues & ValuesOf<typeof SERVE_OPTIONS>,
  log: Log,
  onEnd: (pipeline: Pipeline) => void = () => undefined,
): Promise<number> {
  const display = await replayDisplay()
  // A replay without a server does not load it.
  const { servePipeline } = await import('../process/serving.ts')
  const job: IngestJob = { type: 'replay', options: replayOptions(files, values) }
  let done = false
  const stopped = await servePipeline(job, values, log, {
    onProgress: (progress) => display.show(progress),
    onEnd(last, pipeline, url) {
      display.end()
      print(last, values)
      done = last.done
      if (!done) return true
      onEnd(pipeline)
      log.info(`all rows are applied; serving at ${url} until interrupted`)
      return false
    },
    onClose: () => display.end(),
  })
  return exitCodeAfter(done, stopped)
}
