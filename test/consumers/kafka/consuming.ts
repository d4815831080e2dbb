// Consumes a topic to its end, and reads the state.
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { Worker } from 'node:worker_threads'
import type { TopicConsumerOptions } from '../../../consumers/kafka/run.ts'
import type { RawMessage } from '../../../consumers/kafka/log/message-rows.ts'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import type { IngestMessage } from '../../../src/process/ingest-worker.ts'
import { PulseError } from '../../../src/errors.ts'
import type { RejectedRow, SourcePosition } from '../../../state/partition-metadata.ts'
import { openStateToRead, readRejected } from '../../../state/read.ts'
import { uniqueName } from '../../broker-operations.ts'
import { readBack, type Found } from '../../state-directory.ts'
import { STATE } from '../files/replaying.ts'

const WORKER = new URL('../../../src/process/ingest-worker.ts', import.meta.url)

/** Options that a test may change. */
export type Changes = Partial<Omit<TopicConsumerOptions, 'state' | 'topics' | 'stateDirectory'>> & {
  state?: Partial<TopicConsumerOptions['state']>
}

/** The last progress of a consumer, and all sentences that it logged. */
export interface Ended {
  progress: IngestProgress
  warnings: string[]
}

/** The topics of tests are read within seconds, and within a minute where time-outs are tried. */
const WITHIN_MS = 600_000

/**
 * Consumes a topic to its end into a state directory, with its own group, in the thread that the
 * program uses: its connections end with the thread.
 *
 * @param onProgress receives every report of the thread
 * @throws PulseError as `runTopicConsumer` does
 */
export function consumeTopic(
  brokers: readonly string[],
  topic: string | readonly string[],
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
  let last: IngestProgress | null = null
  return new Promise((resolve, reject) => {
    AbortSignal.timeout(WITHIN_MS).addEventListener('abort', () => {
      stop()
      reject(new Error(`the topic is not read to its end: ${JSON.stringify(last)}`))
    })
    worker.on('error', reject)
    worker.on('message', (sent: IngestMessage) => {
      if (sent.type === 'failed') {
        const { code, message } = sent
        reject(code === null ? new Error(message) : new PulseError(code, message))
        return
      }
      warnings.push(...sent.progress.warnings.map(({ message }) => message))
      onProgress(sent.progress, stop)
      const { progress } = sent
      last = progress
      if (sent.type === 'end') ended = { progress, warnings }
    })
    worker.once('exit', () => {
      if (ended === null) reject(new Error('the consumer ended without a report'))
      else resolve(ended)
    })
  })
}

/** Options of a consumer that ends when it is caught up. */
export function optionsOf(
  brokers: readonly string[],
  topic: string | readonly string[],
  stateDirectory: string,
  changes: Changes = {},
): TopicConsumerOptions {
  const { timeZone, missingMsisdn } = STATE
  const name = uniqueName('member')
  return {
    connection: { brokers, clientId: 'test', tls: null, sasl: null },
    topics: [topic].flat(),
    groupId: name,
    instanceId: name,
    sessionTimeoutMs: 6000,
    fetching: { rack: '', maxBytes: 2 ** 24, maxPartitionBytes: 2 ** 22, maxWaitMs: 100 },
    stateDirectory,
    threads: Number(process.env['XDR_PULSE_THREADS'] ?? 1),
    format: 'auto',
    changelog: null,
    registry: null,
    schema: null,
    from: 'earliest',
    onGap: 'stop',
    // No share of rejected rows pauses: some of these topics hold poison only.
    rejectedLimit: 1,
    deadLetterTopic: null,
    deadLetterHeaders: 'own',
    untilCaughtUp: true,
    history: [],
    cutover: 'auto',
    partitioner: 'auto',
    commitIntervalMs: 1000,
    keepRejected: 100_000,
    ...changes,
    state: { timeZone, missingMsisdn, ...changes.state },
    units: { ...AUTO_UNITS, ...changes.units },
  }
}

/** A rejected message as it was kept, with its bytes decoded. */
export interface Rejected {
  partition: number
  offset: number
  reason: RejectedRow['reason']
  key: Buffer | null
  value: Buffer | null
}

/** The content of a state after a run, with its invariants checked. */
export interface Consumed extends Found {
  /** Positions in the topic, by partition. */
  logs: SourcePosition[]
  rejectedRows: Rejected[]
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** Reads a state directory; asserts conservation, and that each rejected row is kept. */
export async function readConsumed(stateDirectory: string): Promise<Consumed> {
  const found = await readBack(stateDirectory)
  for (const { position: log, partition } of found.positions) {
    const { next, first, applied, rejected, excluded, skipped } = log
    assert.equal(
      next - first,
      applied + rejected + excluded + skipped,
      `conservation in partition ${partition}`,
    )
  }
  const total = (of: (log: SourcePosition) => number): number =>
    found.positions.reduce((all, { position }) => all + of(position), 0)
  assert.equal(
    total(({ applied }) => applied),
    found.applied,
    'conservation: positions and counters',
  )
  assert.equal(
    total(({ rejected }) => rejected),
    sum(found.rejected),
    'conservation: rejected rows and reasons',
  )
  const records = found.subscribers.reduce((all, [, [count]]) => all + count, 0)
  assert.equal(records, found.applied, 'conservation: records over subscribers')
  const rejectedRows = await rejectedOf(stateDirectory)
  const reasons: Record<string, number> = {}
  for (const { reason } of rejectedRows) reasons[reason] = (reasons[reason] ?? 0) + 1
  assert.deepEqual(reasons, { ...found.rejected }, 'each rejected row is kept')
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

/** Consumes a topic, and reads the state. */
export async function consumed(...how: Parameters<typeof consumeTopic>): Promise<Consumed & Ended> {
  const { progress, warnings } = await consumeTopic(...how)
  const found = await readConsumed(how[2])
  const { rows, applied, duplicate, rejected } = progress.counters
  assert.equal(rows, applied + duplicate + sum(rejected), 'conservation of the run')
  return { ...found, progress, warnings }
}
