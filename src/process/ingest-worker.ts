// The ingest thread: replays files or consumes Kafka, and tells the main thread how it goes.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, messageOf, troubleOf, type ErrorCode } from '../errors.ts'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { TopicConsumerOptions } from '../../consumers/kafka/consumer.ts'
import type { ReplayOptions } from '../../consumers/files/replay.ts'

/** What the thread is started for. */
export type IngestJob =
  { type: 'replay'; options: ReplayOptions } | { type: 'consume'; options: TopicConsumerOptions }

export type IngestRequest = 'stop' | 'pause' | 'resume'

/** `code` is null for a bug of ours. */
export type IngestMessage =
  | { type: 'progress' | 'end'; progress: IngestProgress }
  | { type: 'failed'; code: ErrorCode | null; message: string }

/** Between commits, each of which is told at once. */
const REPORT_MS = 250

assert(parentPort !== null, 'the ingest worker is started as a worker thread')
const port = parentPort

/** Observations and warnings are told once; counters and gauges as they are. */
function tell(type: 'progress' | 'end', progress: IngestProgress): void {
  port.postMessage({ type, progress } satisfies IngestMessage)
  for (const list of Object.values(progress.observations) as number[][]) list.length = 0
  progress.warnings.length = 0
}

/** A job as the thread steers it. */
interface Steered {
  progress(): IngestProgress
  stop(): void
  /** Missing where there is nothing to pause: Kafka keeps what is not read. */
  pause?: (paused: boolean) => void
}

/** Loads what the job needs alone: DuckDB for files, Kafka for a topic. */
async function start(
  job: IngestJob,
  onReady: (steered: Steered) => void,
  onCommit: () => void,
): Promise<IngestProgress> {
  if (job.type === 'replay') {
    return (await import('../../consumers/files/replay.ts')).replayFiles(
      { ...job.options, onCommit },
      onReady,
    )
  }
  return (await import('../../consumers/kafka/consumer.ts')).runTopicConsumer(
    { ...job.options, onCommit },
    onReady,
  )
}

async function work(job: IngestJob): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  let wanted: IngestRequest = 'resume'
  let steered: Steered | null = null
  const obey = (): void => {
    if (wanted === 'stop') steered?.stop()
    else steered?.pause?.(wanted === 'pause')
  }
  port.on('message', (request: IngestRequest) => {
    wanted = request
    obey()
  })
  try {
    const onReady = (ready: Steered): void => {
      const report = (): void => tell('progress', ready.progress())
      steered = ready
      obey()
      report()
      timer = setInterval(report, REPORT_MS)
    }
    // When what belongs to the commit is done, too.
    const onCommit = (): void => {
      clearImmediate(soon)
      soon = setImmediate(() => steered && tell('progress', steered.progress()))
    }
    const last = await start(job, onReady, onCommit)
    clearInterval(timer)
    clearImmediate(soon)
    tell('end', last)
  } catch (error) {
    const trouble = troubleOf(error)
    const code = trouble?.code ?? null
    const bug = error instanceof Error ? (error.stack ?? '') : messageOf(error)
    const message = trouble?.message ?? bug
    port.postMessage({ type: 'failed', code, message } satisfies IngestMessage)
  } finally {
    clearInterval(timer)
    clearImmediate(soon)
    port.close()
  }
}

await work(workerData as IngestJob)
// Connections of a member that stays in its group are not closed: that would make it leave.
process.exit()
