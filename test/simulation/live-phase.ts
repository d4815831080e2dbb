// The topics of a simulated process: the real reader over simulated brokers, group and topic of letters.
import type { Group } from '../../consumers/kafka/group/membership.ts'
import type { DurableOffset, GroupOffsets } from '../../consumers/kafka/group/offsets.ts'
import { createWarnings } from '../../consumers/ingest/warnings.ts'
import {
  openReader,
  type Outside,
  type PartitionReaderOptions,
} from '../../consumers/kafka/live.ts'
import { readFrom, type LogPartition } from '../../consumers/kafka/log/partition.ts'
import type { LogDelivery } from '../../consumers/kafka/log/fetch-loops.ts'
import type { LetterProducer } from '../../consumers/kafka/outbox.ts'
import type { PartitionReader } from '../../consumers/kafka/reader.ts'
import type { Consumer } from '../../src/kafka/client.ts'
import { BROKER_RETRY, createBackoff } from '../../src/kafka/retry.ts'
import type { SchemaRegistry } from '../../src/kafka/schema-registry.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import type { Partition } from '../../state/partition.ts'
import { answer, type SimulatedLog } from './logs.ts'
import { STATE, type SimulatedProcess } from './process.ts'
import { below, oneOf } from './rows.ts'
import { placeIn, type World } from './world.ts'

const CONNECTION = { brokers: ['simulated:1'], clientId: 'simulated', tls: null, sasl: null }

const optionsOf = (one: SimulatedProcess, untilCaughtUp: boolean): PartitionReaderOptions => ({
  ...one.commit,
  connection: CONNECTION,
  fetching: { rack: '', maxBytes: 2 ** 20, maxPartitionBytes: 2 ** 20, maxWaitMs: 100 },
  topics: one.world.logs.map(([{ topic }]) => topic),
  state: STATE,
  units: { ...AUTO_UNITS, durationUnit: 'ms' },
  ...{ format: 'auto', schema: null, from: 'earliest', onGap: 'earliest', rejectedLimit: 1 },
  registry: { url: 'http://simulated' } as PartitionReaderOptions['registry'],
  deadLetterTopic: one.world.hasLetters ? 'letters' : null,
  deadLetterHeaders: 'own',
  untilCaughtUp,
})

/** Opens the reader of a process. */
export function openLive(
  one: SimulatedProcess,
  loaded: Map<number, Partition>,
  untilCaughtUp: boolean,
): PartitionReader {
  const { world, stores, stop } = one
  const group = groupOf(world)
  const views = new Map(
    world.logs.map(([{ topic, source }]) => [topic, viewOf(source, world.partitions)]),
  )
  const { cutoverMs } = world
  const warnings = createWarnings()
  const byNumber = new Map(stores.map((store) => [store.partition, store]))
  const parts = { stores: byNumber, loaded, cutoverMs, views, group, warnings, stop: stop.signal }
  const reader = openReader(parts, optionsOf(one, untilCaughtUp), outsideOf(world))
  // Nothing that the group has committed changes where a state is read from.
  for (const topic of reader.topics) topic.committedOf = () => Promise.resolve(null)
  return reader
}

/** A topic's key has no hyphens, as its id would have. */
const viewOf = (id: string, partitions: number) => ({
  ...{ id, partitions, leaders: new Array<number>(partitions).fill(1), brokers: new Map() },
})

function groupOf(world: World): Group {
  const { clock } = world
  const offsets = {
    ...{ onError: () => undefined, owned: new Set<number>() },
    ...{ pending: new Map(), committed: new Map(), sending: null, closed: false },
    backoff: createBackoff(BROKER_RETRY, clock),
    send: (_: GroupOffsets, batch: readonly DurableOffset[]) => acknowledge(world, batch),
  } as unknown as GroupOffsets
  return {
    ...{ clock, offsets, consumer: consumerOf(world), excluded: null, assigned: null },
    leaseUntil: Infinity,
  } as unknown as Group
}

async function acknowledge(world: World, batch: readonly DurableOffset[]): Promise<void> {
  const { random, clock, faults, committed, logs } = world
  await clock.sleep(below(random, 50))
  if (random() < faults) throw new Error('simulated: the coordinator is away')
  for (const { topic, number, offset } of batch) {
    const log = logOf(logs, topic, number)
    committed.set(placeIn(number, log.source), offset)
  }
}

const logOf = (logs: World['logs'], topic: string, number: number): SimulatedLog => {
  const found = logs.flat().find((log) => log.topic === topic && log.number === number)
  if (found === undefined) throw new Error(`no log of ${topic}, ${number}`)
  return found
}

/** Answers requests for metadata and offsets; some fail. */
function consumerOf(world: World): Consumer {
  const { clock, random, logs, partitions } = world
  const ask = async (): Promise<void> => {
    await clock.sleep(below(random, 30))
    if (random() < world.faults) throw new Error('simulated: no broker answers')
  }
  const metadata = async ({ topics: [topic] }: { topics: string[] }) => {
    await ask()
    const { source } = logOf(logs, topic, 0)
    const known = { ...viewOf(source, partitions), partitionsCount: partitions, partitions: [] }
    return { topics: new Map([[topic, known]]), brokers: new Map() }
  }
  const listOffsets = async (asked: {
    topics: string[]
    partitions: Record<string, number[]>
    timestamp: bigint
  }) => {
    await ask()
    const [topic] = asked.topics
    const [number] = asked.partitions[topic]
    const { start, visible } = logOf(logs, topic, number)
    const offsets: bigint[] = []
    // -2 asks for the first offset.
    offsets[number] = BigInt(asked.timestamp === -2n ? start : visible)
    return new Map([[topic, offsets]])
  }
  return { metadata, listOffsets } as unknown as Consumer
}

function outsideOf(world: World): Outside {
  const { clock, random } = world
  return {
    batchRows: world.batchRows,
    clock,
    fetchDeliveries: (topics, isReadable, waitMs) =>
      deliveries(world, () => topics.flatMap(({ logs }) => [...logs.values()]), isReadable, waitMs),
    openProducer: () => producerOf(world),
    openRegistry: () => {
      const schema = { type: 'JSON', schema: { title: 'session' }, references: [] }
      const byKey = async () => {
        world.reached.add('schema-wait')
        await clock.sleep(below(random, 400))
        return schema
      }
      const registry = { byKey, subjectOf: () => Promise.resolve(null), close: () => undefined }
      return registry as unknown as SchemaRegistry
    },
  }
}

/** Responses on their way: each may be void, late, or begin before its position. */
async function* deliveries(
  world: World,
  logsRead: () => LogPartition[],
  isReadable: (log: LogPartition) => boolean,
  waitMs: () => number,
): AsyncGenerator<LogDelivery | null> {
  const { random, clock, logs, reached } = world
  const late: LogDelivery[] = []
  for (;;) {
    const readable = logsRead().filter(isReadable)
    if (readable.length === 0 || random() < 0.2) {
      await clock.sleep(waitMs())
      yield null
      continue
    }
    const log = oneOf(random, readable)
    if (world.bug?.rewinds === true) rewind(world, log)
    const offset = readFrom(log)
    const fetched = answer(random, logOf(logs, log.topic, log.number), offset, world.faults)
    if (fetched.errorCode !== 0) reached.add('fetch-error')
    late.push({ log, offset, fetched })
    await clock.sleep(below(random, 40))
    if (random() < 0.2) continue
    const delivery = late.splice(below(random, late.length), 1)[0]
    noteDelivery(world, delivery, isReadable)
    yield delivery
  }
}

/** A planted bug: a row that was applied is read again. */
function rewind({ random }: World, { position }: LogPartition): void {
  if (random() < 0.1 && position.next > position.first) position.next--
}

function noteDelivery(
  { reached }: World,
  { log, offset, fetched }: LogDelivery,
  isReadable: (log: LogPartition) => boolean,
): void {
  if (readFrom(log) !== offset || !isReadable(log)) reached.add('void-delivery')
  else if (log.peek !== null) reached.add('looked-at')
  const { records } = fetched
  if (records.length < 61) return
  if (Number(records.readBigInt64BE(0)) < offset) reached.add('redelivery')
  for (let at = 0; at < records.length;) {
    at += at + 12 > records.length ? 61 : 12 + records.readInt32BE(at + 8)
    if (at > records.length) reached.add('partial-batch')
  }
}

function producerOf(world: World): LetterProducer {
  const { clock, random, letters, reached, bug } = world
  const nameIn = (headers: Map<Buffer, Buffer>): string => {
    const text = new Map([...headers].map(([name, value]) => [String(name), String(value)]))
    return ['xdr-topic', 'xdr-partition', 'xdr-offset'].map((name) => text.get(name)).join('/')
  }
  const send = async ({ messages }: { messages: { headers: Map<Buffer, Buffer> }[] }) => {
    await clock.sleep(below(random, 60))
    if (random() < 4 * world.faults) {
      reached.add('letters-refused')
      throw new Error('simulated: the topic of dead letters is away')
    }
    if (bug?.losesLetters === true && random() < 0.3) return
    for (const { headers } of messages) {
      const name = nameIn(headers)
      if (letters.has(name)) reached.add('letter-again')
      letters.set(name, (letters.get(name) ?? 0) + 1)
    }
    // Acknowledged late, or never.
    await clock.sleep(below(random, 60))
  }
  return { send, close: () => Promise.resolve() } as unknown as LetterProducer
}
