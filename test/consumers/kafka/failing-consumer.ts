// A thread with a consumer that fails at its first commit, when its state has lost its file already.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { runTopicConsumer, type TopicConsumerOptions } from '../../../consumers/kafka/consumer.ts'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { messageOf } from '../../../src/errors.ts'

/** How it ended, and what it said before and after that. */
export interface Failure {
  error: string
  before: IngestProgress
  after: IngestProgress
}

async function fail(options: TopicConsumerOptions): Promise<Failure> {
  const said: IngestProgress[] = []
  let progress = (): IngestProgress => said[0]
  const onCommit = (): void => {
    said.push(structuredClone(progress()))
    // Its sizes are read of the file: without one nothing can be said of the store.
    rmSync(join(options.stateDirectory, 'partition-0000/data.mdb'))
    throw new Error('what came first')
  }
  try {
    await runTopicConsumer({ ...options, onCommit }, (run) => (progress = () => run.progress()))
  } catch (error) {
    return { error: messageOf(error), before: said[0], after: progress() }
  }
  throw new Error('it did not fail')
}

parentPort?.postMessage(await fail(workerData as TopicConsumerOptions))
// As the program's own thread does: connections of a failed consumer are not closed.
process.exit()
