// Record batches in flight: while one group is sent, the next one is filled. At most one group is
// in flight, which keeps the order within each partition.
import {
  clearBatch,
  openBatch,
  sealBatch,
  type Compression,
  type OpenBatch,
  type RecordWriter,
  type SealedBatch,
} from './batch.ts'
import type { BatchSender } from './sender.ts'
import type { Values } from './values.ts'

/** Brokers accept batches of 1 MiB by default (max.message.bytes); the last record may be large. */
const BATCH_BYTES = 768 * 1024
/** Enough to keep a broker busy while the next group is encoded. */
const GROUP_BYTES = 4 * 2 ** 20

/** What the brokers have acknowledged. */
export interface Acknowledged {
  /** Records. */
  sent: number
  /** Keys, values and headers before compression. */
  bytes: number
  /** Records by partition. */
  perPartition: number[]
}

/** Fills groups of batches and sends them one after the other. */
export interface InFlightBatches {
  /** Adds row i; returns true when the group is full and must be flushed. `key`: -1 for none. */
  add(partition: number, values: Values, i: number, key: number, nowMs: number): boolean
  /** Sends the current group once the previous one is acknowledged; does not wait for its own. */
  flush(): Promise<void>
  /** Sends the current group; resolves when everything is acknowledged. */
  end(): Promise<void>
  acknowledged(): Acknowledged
}

/** One batch per partition, sent together. */
interface Group {
  batches: OpenBatch[]
  bytes: number
}

/** Creates in-flight batches that go through a sender. */
export function createInFlightBatches(
  partitions: number,
  writer: RecordWriter,
  sender: BatchSender,
  compression: Compression,
): InFlightBatches {
  const open = (): Group => ({ batches: Array.from({ length: partitions }, openBatch), bytes: 0 })
  let [inHand, inFlight] = [open(), open()]
  let sending: Promise<void> = Promise.resolve()
  const done: Acknowledged = { sent: 0, bytes: 0, perPartition: Array<number>(partitions).fill(0) }

  async function send(group: Group, sealed: readonly SealedBatch[]): Promise<void> {
    await sender.send(sealed)
    for (const { partition, records } of sealed) {
      done.sent += records
      done.perPartition[partition] += records
    }
    done.bytes += group.bytes
    group.batches.forEach(clearBatch)
    group.bytes = 0
  }

  async function flush(): Promise<void> {
    if (inHand.bytes === 0) return
    const sealed = inHand.batches.flatMap((batch, partition) =>
      batch.records === 0 ? [] : [sealBatch(partition, batch, compression)],
    )
    await sending
    ;[inHand, inFlight] = [inFlight, inHand]
    sending = send(inFlight, sealed)
    // The next flush awaits it and reports its failure.
    sending.catch(() => undefined)
  }

  return {
    add(partition, values, i, key, nowMs) {
      const batch = inHand.batches[partition]
      inHand.bytes += writer.add(batch, values, i, key, nowMs)
      return batch.to >= BATCH_BYTES || inHand.bytes >= GROUP_BYTES
    },
    flush,
    async end() {
      await flush()
      await sending
    },
    acknowledged: () => done,
  }
}
