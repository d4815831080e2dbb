// Preloaded into a process: writes every progress report of the ingest thread to a file.
//   NODE_OPTIONS=--import=…/kafka-spy.ts KAFKA_SPY=FILE node src/cli.ts run …
import { appendFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const file = process.env['KAFKA_SPY']
const port = parentPort
// The first ingest thread reports for the others as well.
const isFirst = typeof (workerData as { type?: string } | null)?.type === 'string'
if (file !== undefined && port !== null && isFirst) {
  const post = port.postMessage.bind(port)
  port.postMessage = (message: unknown, ...rest: []): void => {
    const { type, progress } = message as { type?: string; progress?: object }
    if (progress !== undefined) {
      appendFileSync(file, `${JSON.stringify({ ...progress, type, atMs: Date.now() })}\n`)
    }
    post(message, ...rest)
  }
}
