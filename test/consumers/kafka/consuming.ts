// Consumes a topic until it is caught up, and reads back what became of it.
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import type { TopicConsumerOptions } from '../../../consumers/kafka/consumer.ts'
import type { RawMessage } from '../../../consumers/kafka/log/message-rows.ts'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import type { IngestMessage } from '../../../src/process/ingest-worker.ts'
import { PulseError } from '../../../src/errors.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import type { RejectedRow, SourcePosition } from '../../../state/partition-metadata.ts'
import { openStateToRead, readRejected } from '../../../state/read.ts'
import { uniqueName } from '../../broker-operations.ts'
import { readBack, type Found } from '../../state-directory.ts'
import { STATE } from '../files/replaying.ts'

const WORKER = new URL('../../../src/process/ingest-worker.ts', import.meta.url)

/** What a test may change of how a topic is consumed. */
export type Changes = Partial<Omit<TopicConsumerOptions, 'state' | 'topic' | 'stateDirectory'>> & {
  state?: Partial<TopicConsumerOptions['state']>
}

/** How a consumer ended, and all that it had for the log. */
export interface Ended {
  progress: IngestProgress
  warnings: string[]
}

/**
 * Consumes what a topic holds into a state directory, with a group of its own, in the thread that the
 * program uses: its connections end with it.
 *
 * @param onProgress sees everything that the thread tells
 * @throws PulseError as `runTopicConsumer` does
 */
export function consumeTopic(
  brokers: readonly string[],
  topic: string,
  stateDirectory: string,
  changes: Changes = {},
  onProgress: (progress: IngestProgress, stop: () => void) => void = () => undefined,
): Promise<Ended> {
  const options = optionsOf(brokers, topic, stateDirectory, changes)
  const worker = new Worker(WORKER, { workerData: { type: 'consume', options } })
  const warnings: string[] = []
  const stop = (): void => {
    worker.postMessage('stop')
  }
  let ended: Ended | null = null
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', (said: IngestMessage) => {
      if (said.type === 'failed') {
        const { code, message } = said
        reject(code === null ? new Error(message) : new PulseError(code, message))
        return
      }
      warnings.push(...said.progress.warnings.map(({ message }) => message))
      onProgress(said.progress, stop)
      const { progress } = said
      if (said.type === 'end') ended = { progress, warnings }
    })
    worker.once('exit', () => {
      if (ended === null) reject(new Error('the consumer ended without a word'))
      else resolve(ended)
    })
  })
}

/** Options of a consumer that ends when it is caught up. */
export function optionsOf(
  brokers: readonly string[],
  topic: string,
  stateDirectory: string,
  changes: Changes = {},
): TopicConsumerOptions {
  const { durationUnit, timeZone, missingMsisdn } = STATE
  const name = uniqueName('member')
  return {
    connection: { brokers, tls: null, sasl: null },
    topic,
    groupId: name,
    instanceId: name,
    sessionTimeoutMs: 6000,
    stateDirectory,
    format: 'auto',
    registry: null,
    schema: XDR_SCHEMA,
    from: 'earliest',
    onGap: 'stop',
    // No share of rejected rows pauses: these topics may be nothing but poison.
    rejectedLimit: 1,
    deadLetterTopic: null,
    untilCaughtUp: true,
    history: [],
    cutover: 'auto',
    commitIntervalMs: 1000,
    keepRejected: 100_000,
    ...changes,
    state: { durationUnit, timeZone, missingMsisdn, ...changes.state },
  }
}

/** A rejected message as it was kept, its bytes read back. */
export interface Rejected {
  partition: number
  offset: number
  reason: RejectedRow['reason']
  key: Buffer | null
  value: Buffer | null
}

/** The content of a state after a run, with its invariants checked. */
export interface Consumed extends Found {
  /** Of the topic that was read last, by partition. */
  logs: SourcePosition[]
  rejectedRows: Rejected[]
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** Reads a state directory and asserts I1 (conservation) and I8 (each rejected row is found). */
export async function readConsumed(stateDirectory: string): Promise<Consumed> {
  const found = await readBack(stateDirectory)
  for (const { position: log, partition } of found.positions) {
    const { next, first, applied, rejected, excluded, skipped } = log
    assert.equal(next - first, applied + rejected + excluded + skipped, `I1 of ${partition}`)
  }
  const total = (of: (log: SourcePosition) => number): number =>
    found.positions.reduce((all, { position }) => all + of(position), 0)
  assert.equal(
    total(({ applied }) => applied),
    found.applied,
    'I1: positions and counters',
  )
  assert.equal(
    total(({ rejected }) => rejected),
    sum(found.rejected),
    'I1: rejected and reasons',
  )
  const records = found.subscribers.reduce((all, [, [count]]) => all + count, 0)
  assert.equal(records, found.applied, 'I1: records over subscribers')
  const rejectedRows = await rejectedOf(stateDirectory)
  const reasons: Record<string, number> = {}
  for (const { reason } of rejectedRows) reasons[reason] = (reasons[reason] ?? 0) + 1
  assert.deepEqual(reasons, { ...found.rejected }, 'I8: each rejected row is kept')
  const logs = found.positions
    .toSorted((a, b) => a.partition - b.partition)
    .map(({ position }) => position)
  return { ...found, logs, rejectedRows }
}

async function rejectedOf(stateDirectory: string): Promise<Rejected[]> {
  const state = openStateToRead(stateDirectory)
  try {
    return state.stores.flatMap((store) =>
      readRejected({ ...state, stores: [store] }, 1e9).map(({ row, reason, raw }) => {
        const { key, value } = JSON.parse(raw) as RawMessage
        return { partition: store.partition, offset: row, reason, ...bytesOf({ key, value }) }
      }),
    )
  } finally {
    await state.close()
  }
}

const bytesOf = ({ key, value }: Pick<RawMessage, 'key' | 'value'>) => ({
  key: key === null ? null : Buffer.from(key, 'base64'),
  value: value === null ? null : Buffer.from(value, 'base64'),
})

/** Consumes and reads back in one. */
export async function consumed(...how: Parameters<typeof consumeTopic>): Promise<Consumed & Ended> {
  const { progress, warnings } = await consumeTopic(...how)
  const found = await readConsumed(how[2])
  const { rows, applied, duplicate, rejected } = progress.counters
  assert.equal(rows, applied + duplicate + sum(rejected), 'I1 of the run: rows')
  return { ...found, progress, warnings }
}
