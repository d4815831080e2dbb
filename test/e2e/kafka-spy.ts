// Preloaded into a process: writes every progress report of the ingest thread to a file.
//   NODE_OPTIONS=--import=…/kafka-spy.ts KAFKA_SPY=FILE node src/cli.ts run …
import { appendFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

const file = process.env['KAFKA_SPY']
const port = parentPort
if (file !== undefined && port !== null) {
  const post = port.postMessage.bind(port)
  port.postMessage = (message: unknown, ...rest: []): void => {
    const { type, progress } = message as { type?: string; progress?: object }
    if (progress !== undefined) {
      appendFileSync(file, `${JSON.stringify({ ...progress, type, atMs: Date.now() })}\n`)
    }
    post(message, ...rest)
  }
}
