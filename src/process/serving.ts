// Runs a pipeline with its server of page, API and metrics, until a signal.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { IngestJob } from './ingest-worker.ts'
import type { Log } from '../log.ts'
import { checkHost } from '../serve/http/address.ts'
import { startServer } from '../serve/server.ts'
import { withLookUps } from './lookup-thread.ts'
import { snapshotOptions } from '../option-values.ts'
import type { SERVE_OPTIONS, ValuesOf } from '../options.ts'
import { readAccess, watchAccess } from './access-files.ts'
import { startPipeline, type Pipeline } from './pipeline.ts'
import { onSignals, type StopSignal } from './signals.ts'

/** Callbacks of a served pipeline. */
export interface ServingListener {
  onProgress: (progress: IngestProgress) => void
  /**
   * Called when the job has ended.
   *
   * @param last its last progress
   * @param url the server's address
   * @returns true to stop serving, false to continue until a signal
   */
  onEnd: (last: IngestProgress, pipeline: Pipeline, url: string) => boolean
  /** Called after the end or the failure, when no more progress follows. */
  onClose?: () => void
}

/**
 * Runs a job and serves it. After the job's end it continues to serve until a signal, unless
 * `onEnd` returns true.
 *
 * @returns the first signal, or null if it ended without one
 * @throws PulseError `usage` for a host that needs tokens or invalid files of tokens and certificate,
 *   `input-missing` for an unreadable one, `port` for a port that cannot be used, and the errors of the job
 */
export async function servePipeline(
  job: IngestJob,
  values: ValuesOf<typeof SERVE_OPTIONS>,
  log: Log,
  { onProgress, onEnd, onClose }: ServingListener,
): Promise<StopSignal | null> {
  const snapshotIntervalMs = values.snapshotInterval
  // Checked first, so that a wrong file is refused before the pipeline starts.
  const access = readAccess(values)
  checkHost(values.host, access.tokens.length > 0)
  const snapshot = snapshotOptions(values)
  const pipeline = startPipeline({ job, snapshot, snapshotIntervalMs }, log)
  const { stateDirectory } = job.options
  const lookUps = withLookUps(pipeline.view, stateDirectory, pipeline.follow)
  const signalled = Promise.withResolvers<undefined>()
  const { hasBegun, ingest } = pipeline
  const signals = onSignals(
    () => {
      pipeline.stop()
      signalled.resolve(undefined)
    },
    { hasBegun, silentMs: () => ingest.silentMs(), onGivenUp: (why) => log.error(why) },
  )
  let isClosing = false
  try {
    const server = await startServer(lookUps.view, {
      host: values.host,
      port: values.port,
      tokens: access.tokens,
      certificate: access.certificate,
      allowedHosts: values.allowHost,
      origins: values.httpCorsOrigin,
      onError(error) {
        // A look-up that the end cuts off is not an error of the store.
        if (isClosing) return
        pipeline.noteLookUpError(error)
        log.error({ err: error }, 'a request failed')
      },
    })
    log.info(`live page, API and metrics at ${server.url}`)
    for (const warning of access.warnings) log.warn(warning)
    const stopWatching = watchAccess(values, access, server, log)
    const unsubscribe = pipeline.view.subscribe((event) => {
      const progress = pipeline.view.progress()
      if (event === 'progress' && progress !== null) onProgress(progress)
    })
    try {
      const last = await pipeline.ended
      if (!onEnd(last, pipeline, server.url)) await signalled.promise
      return signals.received()
    } finally {
      unsubscribe()
      stopWatching()
      isClosing = true
      await server.close()
    }
  } finally {
    // After a failed start, too, the ingest thread must not keep writing.
    pipeline.stop()
    await pipeline.ended.catch(() => undefined)
    onClose?.()
    await Promise.all([lookUps.end(), pipeline.close()])
    signals.release()
  }
}
