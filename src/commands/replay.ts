// `replay`: Parquet files into a state directory, with page, API and metrics when asked.
import type { IngestProgress } from '../../consumers/progress.ts'
import type { ReplayOptions } from '../../consumers/replay.ts'
import type { Values } from '../config.ts'
import type { Log } from '../log.ts'
import { startServer } from '../serve/server.ts'
import type { SnapshotOptions } from '../snapshot/schema.ts'
import { accountOf, accountText } from './account.ts'
import { startPipeline, type Pipeline } from './pipeline.ts'
import { onSignals } from './signals.ts'
import { replayDisplay } from './terminal.ts'
import { startIngest } from './threads.ts'

export const REPLAY_OPTIONS = [
  'state',
  'speed',
  'commitInterval',
  'durationUnit',
  'timeZone',
  'missingMsisdn',
  'partitions',
  'keepRefused',
  'json',
  'logLevel',
] as const

export const SNAPSHOT_OPTIONS = [
  'k',
  'features',
  'scaling',
  'top',
  'seed',
  'excludeApplication',
] as const

export const SERVE_OPTIONS = ['snapshotInterval', 'host', 'port'] as const

type ReplayValues = Pick<Values, (typeof REPLAY_OPTIONS)[number]>
type SnapshotValues = Pick<Values, (typeof SNAPSHOT_OPTIONS)[number]>
type ServeValues = ReplayValues & SnapshotValues & Pick<Values, (typeof SERVE_OPTIONS)[number]>

export const replayOptions = (files: readonly string[], values: ReplayValues): ReplayOptions => ({
  files,
  stateDirectory: values.state,
  state: {
    partitions: values.partitions,
    durationUnit: values.durationUnit,
    timeZone: values.timeZone,
    missingMsisdn: values.missingMsisdn,
  },
  speed: values.speed,
  commitIntervalMs: values.commitInterval,
  keepRefused: values.keepRefused,
})

export const snapshotOptions = (values: SnapshotValues): SnapshotOptions => ({
  k: values.k,
  features: values.features,
  scaling: values.scaling,
  top: values.top,
  seed: values.seed,
  excludeApplications: values.excludeApplication,
})

const onTerminal = (): boolean => process.stderr.isTTY

/** Replays without serving: ends with the account. */
export async function replay(files: readonly string[], values: ReplayValues): Promise<void> {
  const display = replayDisplay(onTerminal())
  const ingest = startIngest(replayOptions(files, values), (progress) => display.show(progress))
  const release = onSignals(() => ingest.send('stop'))
  try {
    print(await ingest.ended, values)
  } finally {
    display.end()
    release()
  }
}

function print(last: IngestProgress, { json, state }: Pick<Values, 'json' | 'state'>): void {
  const account = accountOf(last)
  process.stdout.write(`${json ? JSON.stringify(account) : accountText(account, state)}\n`)
}

/**
 * Replays and serves, and goes on serving after the last row until a signal.
 *
 * @param onEnd is called with the pipeline when all rows are dealt with
 */
export async function replayAndServe(
  files: readonly string[],
  values: ServeValues,
  log: Log,
  onEnd: (pipeline: Pipeline) => void = () => undefined,
): Promise<void> {
  const replayed = replayOptions(files, values)
  const snapshotIntervalMs = values.snapshotInterval
  const snapshot = snapshotOptions(values)
  const pipeline = startPipeline({ replay: replayed, snapshot, snapshotIntervalMs }, log)
  const signalled = Promise.withResolvers<undefined>()
  const release = onSignals(() => {
    pipeline.ingest.send('stop')
    signalled.resolve(undefined)
  })
  const display = replayDisplay(onTerminal())
  try {
    const server = await startServer(pipeline.view, {
      host: values.host,
      port: values.port,
      onError: (error) => log.error({ err: error }, 'a request failed'),
    })
    log.info(`live page, API and metrics at ${server.url}`)
    const unsubscribe = pipeline.view.subscribe((event) => {
      const progress = pipeline.view.progress()
      if (event === 'progress' && progress !== null) display.show(progress)
    })
    try {
      const last = await pipeline.ended
      display.end()
      print(last, values)
      onEnd(pipeline)
      if (last.done) log.info(`all rows are in; serving at ${server.url} until interrupted`)
      await signalled.promise
    } finally {
      unsubscribe()
      await server.close()
    }
  } finally {
    // A failing start must not leave a thread that keeps writing.
    pipeline.ingest.send('stop')
    await pipeline.ended.catch(() => undefined)
    display.end()
    await pipeline.close()
    release()
  }
}
