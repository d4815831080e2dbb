// The script of the ingest thread: replays files or consumes a topic, and reports its progress.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, failureOf, type Failure } from '../errors.ts'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { TopicConsumerOptions } from '../../consumers/kafka/run.ts'
import type { ReplicaOptions } from '../../consumers/changelog/replicate.ts'
import type { ReplayOptions } from '../../consumers/files/replay.ts'

/** The job of an ingest thread: replay files, consume a topic, or follow a changelog. */
export type IngestJob =
  | { type: 'replay'; options: ReplayOptions }
  | { type: 'consume'; options: TopicConsumerOptions }
  | { type: 'replicate'; options: ReplicaOptions }

/** A message to the thread. */
export type IngestRequest = 'stop' | 'pause' | 'resume'

/** A message from the thread; `code` is null for an internal error. */
export type IngestMessage =
  { type: 'progress' | 'end'; progress: IngestProgress } | ({ type: 'failed' } & Failure)

/** Report interval between commits; each commit is reported immediately. */
const REPORT_MS = 250

assert(parentPort !== null, 'the ingest worker is started as a worker thread')
const port = parentPort

/**
 * Sends a report. Observations and warnings are cleared after they are sent; counters and gauges
 * are kept.
 */
function report(type: 'progress' | 'end', progress: IngestProgress): void {
  port.postMessage({ type, progress } satisfies IngestMessage)
  for (const list of Object.values(progress.observations) as number[][]) list.length = 0
  progress.warnings.length = 0
}

/** A running job. */
interface RunningJob {
  progress(): IngestProgress
  stop(): void
  /** Absent for a topic, which need not be paused: Kafka retains unread messages. */
  pause?: (paused: boolean) => void
}

/** Runs a job; imports only the packages that it needs: DuckDB for files, Kafka for a topic. */
async function run(
  job: IngestJob,
  onReady: (running: RunningJob) => void,
  onCommit: () => void,
): Promise<IngestProgress> {
  if (job.type === 'replay') {
    const { replayFiles } = await import('../../consumers/files/replay.ts')
    return replayFiles({ ...job.options, onCommit }, onReady)
  }
  if (job.type === 'replicate') {
    const { replicate } = await import('../../consumers/changelog/replicate.ts')
    return replicate({ ...job.options, onCommit }, onReady)
  }
  const { runTopicConsumer } = await import('../../consumers/kafka/consumer.ts')
  return runTopicConsumer({ ...job.options, onCommit }, onReady)
}

async function work(job: IngestJob): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  let wanted: IngestRequest = 'resume'
  let running: RunningJob | null = null
  const obey = (): void => {
    if (wanted === 'stop') running?.stop()
    else running?.pause?.(wanted === 'pause')
  }
  port.on('message', (request: IngestRequest) => {
    wanted = request
    obey()
  })
  try {
    const onReady = (ready: RunningJob): void => {
      running = ready
      obey()
      report('progress', ready.progress())
      timer = setInterval(() => report('progress', ready.progress()), REPORT_MS)
    }
    // Reported after the commit has returned: positions and the like are up to date by then.
    const onCommit = (): void => {
      clearImmediate(soon)
      soon = setImmediate(() => running && report('progress', running.progress()))
    }
    const last = await run(job, onReady, onCommit)
    clearInterval(timer)
    clearImmediate(soon)
    report('end', last)
  } catch (error) {
    port.postMessage({ type: 'failed', ...failureOf(error) } satisfies IngestMessage)
  } finally {
    clearInterval(timer)
    clearImmediate(soon)
    port.close()
  }
}

await work(workerData as IngestJob)
// A member that stays in its group does not close its connections: closing would make it leave.
process.exit()
