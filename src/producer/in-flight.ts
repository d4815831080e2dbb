// Record batches in flight: while one group is sent, the next one is filled. At most one group is
// in flight, which keeps the order within each partition.
import {
  clearBatch,
  openBatch,
  sealBatch,
  type Compression,
  type OpenBatch,
} from '../kafka/batch-writer.ts'
import type { RecordWriter } from './batch.ts'
import type { Step } from './follow.ts'
import type { GroupSender } from './sender.ts'
import type { Group } from './transaction.ts'
import type { Values } from './values.ts'

/** Brokers accept batches of 1 MiB by default (max.message.bytes); the last record may be large. */
const BATCH_BYTES = 768 * 1024
/** Enough to keep a broker busy while the next group is encoded. */
const GROUP_BYTES = 4 * 2 ** 20

/** What is committed. */
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
  /** Sends the current group once the previous one is committed; does not wait for its own. */
  flush(): Promise<void>
  /** Sends the current group, if only for its progress; resolves when everything is committed. */
  end(): Promise<void>
  acknowledged(): Acknowledged
}

/** One batch per partition, sent together. */
interface OpenGroup {
  batches: OpenBatch[]
  bytes: number
  /** When its first row was added (UTC ms); null while it is empty. */
  sinceMs: number | null
}

/** The progress that is made. */
export interface Steps {
  /** By what was added since the last call; the first row at a time (UTC ms). */
  next(sinceMs: number): Step[]
  /** By the end of all transactions. */
  last(): Step[]
}

/** Creates in-flight batches that go through a sender. */
export function createInFlightBatches(
  partitions: number,
  writer: RecordWriter,
  sender: Pick<GroupSender, 'send'>,
  compression: Compression,
  steps: Steps,
): InFlightBatches {
  const open = (): OpenGroup => ({
    batches: Array.from({ length: partitions }, openBatch),
    bytes: 0,
    sinceMs: null,
  })
  let [inHand, inFlight] = [open(), open()]
  let sending: Promise<void> = Promise.resolve()
  const done: Acknowledged = { sent: 0, bytes: 0, perPartition: Array<number>(partitions).fill(0) }

  async function send(group: OpenGroup, sealed: Group): Promise<void> {
    await sender.send(sealed)
    for (const { partition, records } of sealed.batches) {
      done.sent += records
      done.perPartition[partition] += records
    }
    done.bytes += group.bytes
    group.batches.forEach(clearBatch)
    group.bytes = 0
    group.sinceMs = null
  }

  async function flush(): Promise<void> {
    if (inHand.bytes > 0) await sendInHand(stepsInHand())
  }

  const stepsInHand = (): Step[] => steps.next(inHand.sinceMs ?? Date.now())

  async function sendInHand(made: readonly Step[]): Promise<void> {
    const batches = inHand.batches.flatMap((batch, partition) =>
      batch.records === 0 ? [] : [sealBatch(partition, batch, compression)],
    )
    await sending
    ;[inHand, inFlight] = [inFlight, inHand]
    sending = send(inFlight, { batches, steps: made })
    // The next flush awaits it and reports its failure.
    sending.catch(() => undefined)
  }

  return {
    add(partition, values, i, key, nowMs) {
      const batch = inHand.batches[partition]
      inHand.sinceMs ??= nowMs
      inHand.bytes += writer.add(batch, values, i, key, nowMs)
      return batch.to >= BATCH_BYTES || inHand.bytes >= GROUP_BYTES
    },
    flush,
    async end() {
      const made = stepsInHand()
      if (inHand.bytes > 0 || made.length > 0) await sendInHand(made)
      await sending
      const last = steps.last()
      if (last.length > 0) await sendInHand(last)
      await sending
    },
    acknowledged: () => done,
  }
}
