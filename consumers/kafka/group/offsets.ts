// Tells Kafka what is durable, for lag tools only: our own positions lie in the state.
//
// The package's own commit leaves out the member's name, and joins the group anew when it is refused:
// a member whose name was taken would take it back, and one that was away would commit what is no
// longer its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../../src/errors.ts'
import { connectionOptions, ConnectionPool, offsetCommitV8 } from '../../../src/kafka/client.ts'
import type { Consumer, KafkaConnection } from '../../../src/kafka/client.ts'

/** How far a partition is durable. */
export interface DurableOffset {
  partition: number
  offset: number
  leaderEpoch: number
}

export interface GroupOffsets {
  /** Tells it in the background, as soon as the group lets it; the newest of a partition counts. */
  commit: (offsets: readonly DurableOffset[]) => void
  /** These partitions are the member's; nothing is said of others any more. */
  own: (partitions: readonly number[]) => void
  /** By partition: what Kafka has acknowledged since the partition was last taken. */
  committed: ReadonlyMap<number, number>
  /** Resolves when all is told, or after so long. */
  settled: (withinMs: number) => Promise<void>
  /** Tells nothing more. */
  close: () => void
}

export interface GroupOffsetsOptions {
  groupId: string
  instanceId: string
  topic: string
  connection: KafkaConnection
  consumer: Consumer
}

const REQUEST_MS = 5000
const RETRY_MS = 500

/** Nothing told yet. */
export function createGroupOffsets(
  { groupId, instanceId, topic, connection, consumer }: GroupOffsetsOptions,
  onError: (error: unknown) => void,
): GroupOffsets {
  const open = (): ConnectionPool =>
    new ConnectionPool(instanceId, { ...connectionOptions(connection), requestTimeout: REQUEST_MS })
  const pending = new Map<number, DurableOffset>()
  const committed = new Map<number, number>()
  let owned: ReadonlySet<number> = new Set()
  let telling: Promise<void> | null = null
  let closed = false
  let pool = open()

  async function tell(): Promise<void> {
    while (pending.size > 0 && !closed) {
      const offsets = [...pending.values()]
      try {
        await send(offsets)
      } catch (error) {
        onError(error)
        void pool.close().catch(() => undefined)
        pool = open()
        await sleep(RETRY_MS)
        continue
      }
      for (const told of offsets) {
        if (pending.get(told.partition) === told) pending.delete(told.partition)
        if (owned.has(told.partition)) committed.set(told.partition, told.offset)
      }
    }
  }

  async function send(offsets: readonly DurableOffset[]): Promise<void> {
    const { memberId, generationId } = consumer
    if (memberId === null) throw new Error('offsets wait until the group is joined')
    const coordinator = await consumer.findGroupCoordinator()
    const { brokers } = await consumer.metadata({ topics: [topic] })
    const broker = brokers.get(coordinator)
    if (broker === undefined) throw new Error(`the coordinator, broker ${coordinator}, is away`)
    const partitions = offsets.map(({ partition, offset, leaderEpoch }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: null,
    }))
    const wire = await pool.get(broker)
    const topics = [{ name: topic, partitions }]
    const { api } = offsetCommitV8
    await api.async(wire, groupId, generationId, memberId, instanceId, topics)
  }

  return {
    committed,
    commit(offsets) {
      for (const said of offsets) if (owned.has(said.partition)) pending.set(said.partition, said)
      telling ??= tell()
        .catch((error: unknown) => onError(new Error(`offsets: ${messageOf(error)}`)))
        .finally(() => (telling = null))
    },
    own(partitions) {
      owned = new Set(partitions)
      for (const map of [pending, committed]) {
        for (const partition of map.keys()) if (!owned.has(partition)) map.delete(partition)
      }
    },
    async settled(withinMs) {
      await Promise.race([telling, sleep(withinMs, undefined, { ref: false })])
    },
    close() {
      closed = true
      void pool.close().catch(() => undefined)
    },
  }
}
