// A thread with a consumer that fails at its first commit, after the file of its state was removed.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { runTopicConsumer } from '../../../consumers/kafka/consumer.ts'
import type { TopicConsumerOptions } from '../../../consumers/kafka/run.ts'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { messageOf } from '../../../src/errors.ts'

/** How the consumer ended, and its progress before and after that. */
export interface Failure {
  error: string
  before: IngestProgress
  after: IngestProgress
}

async function fail(options: TopicConsumerOptions): Promise<Failure> {
  const reported: IngestProgress[] = []
  let progress = (): IngestProgress => reported[0]
  const onCommit = (): void => {
    reported.push(structuredClone(progress()))
    // The progress has the size of the file: without the file it cannot be described.
    rmSync(join(options.stateDirectory, 'partition-0000/data.mdb'))
    throw new Error('the first failure')
  }
  try {
    await runTopicConsumer({ ...options, onCommit }, (run) => (progress = () => run.progress()))
  } catch (error) {
    return { error: messageOf(error), before: reported[0], after: progress() }
  }
  throw new Error('it did not fail')
}

parentPort?.postMessage(await fail(workerData as TopicConsumerOptions))
// As the program's ingest thread does: connections of a failed consumer are not closed.
process.exit()
