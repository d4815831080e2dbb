// `reread`: drops one partition of a state, so that the next run reads its topic again.
import { dropForReread, planReread, type TopicToReread } from '../../consumers/kafka/reread.ts'
import { openStateToRead } from '../../state/read.ts'
import type { PartitionStore } from '../../state/store.ts'
import { openStores } from '../../state/writer.ts'
import { messageOf, PulseError, rootMessageOf } from '../errors.ts'
import { clientOptions, Consumer, type KafkaConnection } from '../kafka/client.ts'
import type { REREAD_OPTIONS, ValuesOf } from '../options.ts'
import { connectionOf } from '../process/kafka-connection.ts'
import { print, tableText } from '../terminal/table.ts'

type RereadValues = ValuesOf<typeof REREAD_OPTIONS>

const GROUP = 'xdr-pulse-reread'
const REQUEST_MS = 10_000

/**
 * Prints what reading a partition again means, and with `--yes` drops the partition.
 *
 * @throws PulseError `state-options` when its rows cannot be read again, `state-locked` while a
 *   process writes the state, `kafka` when the cluster cannot be asked
 */
export async function reread(values: RereadValues): Promise<void> {
  const connection = connectionOf(values)
  const { state: directory, partition, yes: isMeant, acceptLoss } = values
  const reading = openStateToRead(directory)
  const { partitions, timeZone, missingMsisdn } = reading.stamp
  if (!isMeant || partition >= partitions) {
    try {
      const store = partitionOf(reading.stores, partition, directory)
      show(values, await withConsumer(connection, (consumer) => planReread(store, consumer)), false)
    } finally {
      await reading.close()
    }
    return
  }
  await reading.close()
  const writing = await openStores(directory, { partitions, timeZone, missingMsisdn }, 'reread')
  try {
    const store = partitionOf(writing.stores, partition, directory)
    const plan = await withConsumer(connection, (consumer) => planReread(store, consumer))
    dropForReread(store, plan, acceptLoss)
    show(values, plan, true)
  } finally {
    await writing.close()
  }
}

function partitionOf(
  stores: readonly PartitionStore[],
  partition: number,
  directory: string,
): PartitionStore {
  const store = stores.at(partition)
  if (store !== undefined) return store
  const most = stores.length - 1
  const text = `--partition is ${partition}, expected one that ${directory} has: 0 to ${most}`
  throw new PulseError('usage', text)
}

async function withConsumer<T>(
  connection: KafkaConnection,
  work: (consumer: Consumer) => Promise<T>,
): Promise<T> {
  const limits = { groupId: GROUP, retries: 1, retryDelay: 200, timeout: REQUEST_MS }
  const consumer = new Consumer({ ...clientOptions(connection), ...limits })
  try {
    return await work(consumer)
  } catch (error) {
    if (error instanceof PulseError) throw error
    const cause = rootMessageOf(error)
    const text = `Kafka at ${connection.brokers.join(',')} cannot be asked (${cause}); check --kafka`
    throw new PulseError('kafka', text, error)
  } finally {
    await consumer.close(true).catch((error: unknown) => messageOf(error))
  }
}

function show(values: RereadValues, topics: readonly TopicToReread[], isDropped: boolean): void {
  const { partition, state } = values
  print(values, { partition, dropped: isDropped, topics }, () => {
    const what = isDropped ? 'dropped' : 'would be dropped'
    const table = tableText([
      ['topic', 'reading began', 'read up to', 'applied', 'rejected', 'log begins', 'lost offsets'],
      ...topics.map(({ topic, first, next, applied, rejected, logStart, lost }) => {
        return [topic, first, next, applied, rejected, logStart, lost]
      }),
    ])
    const next = isDropped
      ? 'The next run reads it again from there.'
      : `Nothing was changed: make a backup of ${state}, then run this again with --yes.`
    return `partition ${partition} ${what}\n${table}\n${next}`
  })
}
