// Runs a replica in the thread that the program uses, until a condition of its progress.
import { Worker } from 'node:worker_threads'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { PulseError } from '../../../src/errors.ts'
import type { IngestMessage } from '../../../src/process/ingest-worker.ts'

const WORKER = new URL('../../../src/process/ingest-worker.ts', import.meta.url)
/** A replica of these tests follows within a second. */
const WITHIN_MS = 120_000

/** What a replica has reported. */
export interface Followed {
  progress: IngestProgress
  warnings: string[]
}

/**
 * Follows a changelog until a report meets the condition, then stops the replica; resolves with its last
 * report.
 *
 * @throws PulseError as `replicate` does
 */
export function followUntil(
  brokers: readonly string[],
  prefix: string,
  stateDirectory: string,
  isReached: (progress: IngestProgress) => boolean,
): Promise<Followed> {
  const connection = { brokers, clientId: 'test', tls: null, sasl: null }
  const options = { connection, prefix, stateDirectory }
  const worker = new Worker(WORKER, { workerData: { type: 'replicate', options } })
  const warnings: string[] = []
  let last: IngestProgress | null = null
  return new Promise((resolve, reject) => {
    const stop = (): void => worker.postMessage('stop')
    AbortSignal.timeout(WITHIN_MS).addEventListener('abort', () => {
      stop()
      reject(new Error(`the replica has not reached it: ${JSON.stringify(last)}`))
    })
    worker.on('error', reject)
    worker.on('message', (sent: IngestMessage) => {
      if (sent.type === 'failed') {
        const { code, message } = sent
        reject(code === null ? new Error(message) : new PulseError(code, message))
        return
      }
      last = sent.progress
      warnings.push(...sent.progress.warnings.map(({ message }) => message))
      if (isReached(sent.progress)) stop()
      if (sent.type === 'end') resolve({ progress: sent.progress, warnings })
    })
    worker.once('exit', () => {
      reject(new Error('the replica ended without a report'))
    })
  })
}

/** True when each partition is read up to these offsets of the topic. */
export const hasRead =
  (ends: readonly number[]) =>
  ({ replica }: IngestProgress): boolean =>
    replica?.partitions.length === ends.length &&
    replica.partitions.every(({ partition, positions }) =>
      positions.some(({ next }) => next === ends[partition]),
    )
