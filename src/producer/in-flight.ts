// Batches in flight: while one is on its way, the next is gathered. One at a time keeps the order.
import type { Values } from './values.ts'
import {
  clearBatch,
  openBatch,
  sealBatch,
  type Compression,
  type OpenBatch,
  type RecordWriter,
} from './batch.ts'
import type { BatchSender } from './sender.ts'

/** A broker takes batches of up to 1 MiB unless told otherwise; records differ in size. */
const BATCH_BYTES = 768 * 1024
/** Enough to keep a broker busy while the next round is encoded. */
const ROUND_BYTES = 4 * 2 ** 20

/** What has been acknowledged. */
export interface Acknowledged {
  sent: number
  bytes: number
  perPartition: number[]
}

export interface InFlightBatches {
  /** Adds a row; true when the round is full and has to be flushed. */
  add(partition: number, values: Values, i: number, key: number, nowMs: number): boolean
  /** Sends the round in hand once the one before is acknowledged; does not wait for its own. */
  flush(): Promise<void>
  /** Sends the round in hand; resolves when everything is acknowledged. */
  end(): Promise<void>
  acknowledged(): Acknowledged
}

interface Round {
  batches: OpenBatch[]
  bytes: number
}

/** Batches in flight through a sender. */
export function createInFlightBatches(
  partitions: number,
  writer: RecordWriter,
  wire: BatchSender,
  compression: Compression,
): InFlightBatches {
  const open = (): Round => ({ batches: Array.from({ length: partitions }, openBatch), bytes: 0 })
  let [inHand, onItsWay] = [open(), open()]
  let sending: Promise<void> = Promise.resolve()
  const done: Acknowledged = {
    sent: 0,
    bytes: 0,
    perPartition: new Array<number>(partitions).fill(0),
  }

  async function send(round: Round, sealed: Parameters<BatchSender['send']>[0]): Promise<void> {
    await wire.send(sealed)
    for (const { partition, records } of sealed) {
      done.sent += records
      done.perPartition[partition] += records
    }
    done.bytes += round.bytes
    round.batches.forEach(clearBatch)
    round.bytes = 0
  }

  const rounds: InFlightBatches = {
    add(partition, values, i, key, nowMs) {
      const batch = inHand.batches[partition]
      inHand.bytes += writer.add(batch, values, i, key, nowMs)
      return batch.to >= BATCH_BYTES || inHand.bytes >= ROUND_BYTES
    },
    async flush() {
      if (inHand.bytes === 0) return
      const sealed = inHand.batches.flatMap((batch, partition) =>
        batch.records === 0 ? [] : [sealBatch(partition, batch, compression)],
      )
      await sending
      ;[inHand, onItsWay] = [onItsWay, inHand]
      sending = send(onItsWay, sealed)
      // It is awaited with the next flush.
      sending.catch(() => undefined)
    },
    async end() {
      await rounds.flush()
      await sending
    },
    acknowledged: () => done,
  }
  return rounds
}
