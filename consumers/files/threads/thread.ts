// The script of a folding thread of a replay: it holds partitions, folds records into them and commits.
import { parentPort, workerData } from 'node:worker_threads'
import { assert, failureOf } from '../../../src/errors.ts'
import { fold } from '../../../src/subscriber/fold.ts'
import { foldHours } from '../../../src/subscriber/hours.ts'
import { commitPartition } from '../../../state/commit.ts'
import { loadPartition, type Partition } from '../../../state/partition.ts'
import type { PartitionStore } from '../../../state/store.ts'
import { openInThread } from '../../../state/writer.ts'
import type { CommitPart, FoldData, FoldPart, FromFolding, Held, ToFolding } from './messages.ts'
import { batchIn, slabOf } from './slab.ts'

assert(parentPort !== null, 'the script of a folding thread is started as a worker thread')
const port = parentPort
const { stateDirectory, command, keepRejected, capacity, ...given } = workerData as FoldData
const send = (message: FromFolding): void => port.postMessage(message)

const slabs = given.slabs.map((buffer) => slabOf(capacity, buffer))
const slots = new Uint32Array(capacity)
const partitions = new Map<number, Partition>()
let stores: PartitionStore[] = []

function heldNow(): Held {
  let [subscribers, dirtySubscribers] = [0, 0]
  for (const { table } of partitions.values()) {
    subscribers += table.count
    dirtySubscribers += table.dirtyCount
  }
  return { subscribers, dirtySubscribers }
}

function partitionOf(number: number): Partition {
  const found = partitions.get(number)
  if (found === undefined) throw new Error(`partition ${number} is not of this thread`)
  return found
}

function foldAll(slab: number, parts: readonly FoldPart[]): void {
  for (const { partition, from, count } of parts) {
    const { table, hours } = partitionOf(partition)
    const batch = batchIn(slabs[slab], from, count)
    fold(table, batch, slots)
    foldHours(hours, batch)
  }
  send({ type: 'folded', slab, ...heldNow() })
}

function commitAll(parts: readonly CommitPart[]): void {
  const times = parts.map(({ partition: number, counters, positions, rejected }) => {
    const partition = partitionOf(number)
    Object.assign(partition.counters, counters)
    for (const [source, position] of positions) {
      partition.positions.set(source, position)
      partition.moved.add(source)
    }
    partition.rejected.push(...rejected)
    return commitPartition(partition, keepRejected)
  })
  send({ type: 'committed', times, ...heldNow() })
}

async function end(): Promise<void> {
  port.close()
  for (const { environment } of stores) await environment.close()
}

/** After a failure the thread ends: its partitions in memory cannot be trusted. */
function failing(work: () => void): void {
  try {
    work()
  } catch (error) {
    send({ type: 'failed', ...failureOf(error) })
    void end()
  }
}

port.on('message', (message: ToFolding) => {
  if (message.type === 'end') void end()
  else if (message.type === 'fold') failing(() => foldAll(message.slab, message.parts))
  else failing(() => commitAll(message.parts))
})
failing(() => {
  stores = given.partitions.map((one) => openInThread(stateDirectory, one, command))
  send({ type: 'opened' })
  const parts = stores.map((store) => {
    const partition = loadPartition(store)
    partitions.set(store.partition, partition)
    const { counters, positions } = partition
    return { partition: store.partition, counters, positions }
  })
  send({ type: 'loaded', parts, ...heldNow() })
})
