// A server of a stand-in pipeline for the duration of a test.
import { startServer } from '../../src/serve/server.ts'
import { standIn, type StandIn } from './fixture.ts'

/** Runs `body` with the URL of a server and its pipeline, then closes the server. */
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
