// A server of a stand-in pipeline, for as long as a test takes.
import { startServer } from '../../src/serve/server.ts'
import { standIn, type StandIn } from './fixture.ts'

/** Runs `body` with its address, and what it serves. */
export async function withServer(
  body: (url: string, pipeline: StandIn) => Promise<void>,
): Promise<void> {
  const pipeline = standIn()
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0 })
  try {
    await body(server.url, pipeline)
  } finally {
    await server.close()
  }
}
