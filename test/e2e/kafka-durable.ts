// Compares the durable states of consumers with the state of a replay of the same file.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { quietClient } from '../../scripts/kafka/client.ts'
import { openStateToRead, withView } from '../../state/read.ts'
import { beginRead } from '../../state/store.ts'
import { hasState } from '../../state/writer.ts'
import { readBack, type Found } from '../state-directory.ts'
import { until } from '../until.ts'
import { pulse, startPulse, type Running } from './command.ts'
import { sampleIn } from '../consumers/files/samples.ts'

/** The rows of a test as a file, and the state of its replay. */
export interface Sample {
  path: string
  rows: number
  reference: Found
}

/** Generates a file and replays it into a state of `partitions` partitions. */
export async function makeSample(
  directory: string,
  partitions: number,
  size: { rows: number; subscribers: number; dirt?: number },
): Promise<Sample> {
  const path = await sampleIn(directory, { dirt: 0.05, days: 5, ...size })
  const state = join(directory, 'reference')
  const argv = ['replay', path, '--state', state, '--partitions', String(partitions)]
  const { code, stderr } = await pulse([...argv, '--json'])
  assert.equal(code, 0, stderr)
  return { path, rows: size.rows, reference: await readBack(state) }
}

/** Starts to send a file to a topic, which is created with `partitions` partitions if missing. */
export const startFilling = (
  brokers: readonly string[],
  topic: string,
  { path }: Pick<Sample, 'path'>,
  partitions: number,
  rate: number | 'max' = 'max',
): Running =>
  startPulse([
    ...['produce', path, '--kafka', brokers.join(','), '--topic', topic],
    ...['--create-topic', '--partitions', String(partitions), '--rate', String(rate), '--json'],
  ])

/** Waits until the whole file is sent. */
export async function filled(filling: Running): Promise<void> {
  const { code, stderr } = await filling.ended
  assert.equal(code, 0, stderr)
}

/**
 * Durable positions of a state by partition: of those that it holds, with `kept` also of those that
 * it has released. Asserts conservation in each of them.
 */
export const durablePositions = (state: string, kept = false): Promise<Map<number, number>> =>
  durable(state, kept, ({ next }) => next)

/** Durable rows of a state by partition: offsets without a row, such as markers, do not count. */
export const durableRows = (state: string): Promise<Map<number, number>> =>
  durable(state, false, ({ next, first, skipped }) => next - first - skipped)

type Position = Found['positions'][number]['position']

async function durable(
  state: string,
  kept: boolean,
  count: (position: Position) => number,
): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  if (!hasState(state)) return found
  const look = ({ positions }: { positions: Found['positions'] }): void => {
    for (const { partition, position } of positions) {
      const { next: at, first, applied, rejected, excluded, skipped } = position
      const accounted = applied + rejected + excluded + skipped
      assert.equal(at - first, accounted, `conservation in partition ${partition}`)
      found.set(partition, count(position))
    }
  }
  try {
    await (kept ? withKept(state, look) : withView(state, look))
  } catch (error) {
    // The process was killed between creating the directory and the first commit.
    if (!['state-missing', 'state-corrupt'].includes((error as { code?: string }).code ?? ''))
      throw error
  }
  return found
}

async function withKept(state: string, look: (view: { positions: Found['positions'] }) => void) {
  const reading = openStateToRead(state)
  try {
    const positions: Found['positions'] = []
    for (const store of reading.stores) {
      const { transaction, finish } = beginRead(store)
      for (const { key, value } of store.positions.getRange({ transaction })) {
        const position = value as Found['positions'][number]['position']
        positions.push({ source: key, partition: store.partition, position })
      }
      finish()
    }
    look({ positions })
  } finally {
    await reading.close()
  }
}

/**
 * Asserts that the states of some members together equal the reference: each partition once, each
 * subscriber once, all numbers equal.
 */
export async function assertUnion(states: readonly string[], { reference }: Sample): Promise<void> {
  const found = await Promise.all(states.map(readBack))
  for (const { subscribers, applied, positions } of found) {
    const records = subscribers.reduce((sum, [, row]) => sum + row[0], 0)
    assert.equal(records, applied, 'the records of all subscribers are the rows applied')
    for (const { position } of positions) {
      const { next: at, first, applied: rows, rejected, excluded, skipped } = position
      assert.equal(at - first, rows + rejected + excluded + skipped, 'conservation')
    }
  }
  const partitions = found.flatMap(({ positions }) => positions.map(({ partition }) => partition))
  assert.equal(new Set(partitions).size, partitions.length, 'no partition is in two states')
  const union = found.reduce(addFound)
  for (const count of ['applied', 'rejected', 'coerced', 'missing'] as const) {
    assert.deepEqual(union[count], reference[count], count)
  }
  assert.equal(digest(union), digest(reference), 'the state is that of a replay of the same rows')
  if (found.length === 1) assert.equal(found[0].hash, reference.hash)
}

function addFound(a: Found, b: Found): Found {
  const counts = (x: Record<string, number>, y: Record<string, number>): Record<string, number> =>
    Object.fromEntries(
      [...new Set([...Object.keys(x), ...Object.keys(y)])]
        .sort()
        .map((name) => [name, (x[name] ?? 0) + (y[name] ?? 0)]),
    )
  const hours = new Map(a.hours)
  for (const [hour, sums] of b.hours) {
    const before = hours.get(hour)
    hours.set(hour, before === undefined ? sums : sums.map((sum, i) => sum + before[i]))
  }
  return {
    hash: '',
    applied: a.applied + b.applied,
    rejected: counts(a.rejected, b.rejected),
    coerced: counts(a.coerced, b.coerced),
    missing: counts(a.missing, b.missing),
    subscribers: [...a.subscribers, ...b.subscribers].sort(([x], [y]) => x - y),
    hours: [...hours].sort(([x], [y]) => (x ?? Infinity) - (y ?? Infinity)),
    positions: [...a.positions, ...b.positions],
  }
}

const digest = ({ subscribers, hours }: Found): string =>
  createHash('sha256')
    .update(JSON.stringify([subscribers, hours]))
    .digest('hex')

/** Waits until a topic exists and has rows. */
export async function topicBegun({
  brokers,
  topic,
}: {
  brokers: readonly string[]
  topic: string
}): Promise<void> {
  const ask = (): Promise<Map<number, number>> =>
    kafkaOffsets(brokers, 'xdr-pulse', topic).then(
      ({ ends }) => ends,
      () => new Map<number, number>(),
    )
  await until(`rows in ${topic}`, ask, (ends) => [...ends.values()].some((end) => end > 0))
}

/** Committed offsets of a group and ends of a topic, by partition, read by a foreign client. */
export async function kafkaOffsets(
  brokers: readonly string[],
  group: string,
  topic: string,
): Promise<{ committed: Map<number, number>; ends: Map<number, number> }> {
  const admin = quietClient({ brokers: [...brokers], retry: { retries: 8 } }).admin()
  await admin.connect()
  try {
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const committed = new Map(
      offsets.partitions
        .map(({ partition, offset }): [number, number] => [partition, Number(offset)])
        .filter(([, offset]) => offset >= 0),
    )
    const list = await admin.fetchTopicOffsets(topic)
    const ends = new Map(list.map(({ partition, high }) => [partition, Number(high)]))
    return { committed, ends }
  } finally {
    await admin.disconnect()
  }
}
