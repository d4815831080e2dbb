// `replica`: follows the changelog of all partitions and serves page, API and metrics of everything.
import type { Log } from '../log.ts'
import type { REPLICA_OPTIONS, ValuesOf } from '../options.ts'
import { connectionOf } from '../process/kafka-connection.ts'
import { servePipeline } from '../process/serving.ts'
import { exitCodeAfter } from '../process/signals.ts'

type ReplicaValues = ValuesOf<typeof REPLICA_OPTIONS>

/**
 * Follows a changelog and serves it until a signal.
 *
 * @returns the exit code
 * @throws PulseError `usage` for connection and secrets, `kafka` for topics that are no changelog
 */
export async function replica(values: ReplicaValues, log: Log): Promise<number> {
  const { state: stateDirectory, changelog: prefix } = values
  const options = { connection: connectionOf(values), prefix, stateDirectory }
  const signal = await servePipeline({ type: 'replicate', options }, values, log, {
    onProgress: () => undefined,
    onEnd: () => true,
  })
  return exitCodeAfter(true, signal)
}
