// The ingest thread: replays files into the state and tells the main thread how it goes.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, messageOf, troubleOf, type ErrorCode } from '../src/errors.ts'
import type { IngestProgress } from './progress.ts'
import { replayFiles, type Replay, type ReplayOptions } from './replay.ts'

export type IngestRequest = 'stop' | 'pause' | 'resume'

/** `code` is null for a bug of ours. */
export type IngestMessage =
  | { type: 'progress' | 'end'; progress: IngestProgress }
  | { type: 'failed'; code: ErrorCode | null; message: string }

const REPORT_MS = 250

assert(parentPort !== null, 'the ingest worker is started as a worker thread')
const port = parentPort

/** Observations are told once; counters and gauges as they are. */
function tell(type: 'progress' | 'end', progress: IngestProgress): void {
  port.postMessage({ type, progress } satisfies IngestMessage)
  for (const list of Object.values(progress.observations) as number[][]) list.length = 0
}

async function work(options: ReplayOptions): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let wanted: IngestRequest = 'resume'
  let replay: Replay | null = null
  const obey = (): void => {
    if (wanted === 'stop') replay?.stop()
    else replay?.pause(wanted === 'pause')
  }
  port.on('message', (request: IngestRequest) => {
    wanted = request
    obey()
  })
  try {
    const last = await replayFiles(options, (ready) => {
      replay = ready
      obey()
      tell('progress', ready.progress())
      timer = setInterval(() => tell('progress', ready.progress()), REPORT_MS)
    })
    clearInterval(timer)
    tell('end', last)
  } catch (error) {
    const trouble = troubleOf(error)
    const code = trouble?.code ?? null
    const bug = error instanceof Error ? (error.stack ?? '') : messageOf(error)
    const message = trouble?.message ?? bug
    port.postMessage({ type: 'failed', code, message } satisfies IngestMessage)
  } finally {
    clearInterval(timer)
    port.close()
  }
}

await work(workerData as ReplayOptions)
