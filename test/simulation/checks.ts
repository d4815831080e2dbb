// What must hold of the disks of a world between two processes, and at its end.
import assert from 'node:assert/strict'
import { hashState } from '../../state/hash.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { viewState, type ReadableState } from '../../state/read.ts'
import { openPartition, type PartitionStore } from '../../state/store.ts'
import { openMemory } from './memory-environment.ts'
import { assertHolds, assertRejected, expectedOf, keysOf, type Expected } from './model.ts'
import { modelSources, placeIn, type World } from './world.ts'

/** Opens the stores of a world to read; nothing fails. */
export const readStores = ({ disks }: World): PartitionStore[] =>
  disks.map((disk, partition) =>
    openPartition('simulated', partition, 'read', () =>
      openMemory(disk, () => ({ outcome: 'done', failsAt: null, loses: [] })),
    ),
  )

/** Asserts the invariants of what is durable: I1, I2, I4, I5, I6, I8. */
export function checkDisks(world: World): void {
  for (const store of readStores(world)) {
    // A process that ended at once has created no databases.
    if (!isComplete(store)) continue
    const partition = loadPartition(store)
    checkPositions(world, partition)
    const { partition: number } = store
    const expected = expectedOf(partition, modelSources(world, number), world.cutoverMs)
    assertHolds(partition, expected)
    assertRejected(partition, expected, world.keepRejected)
    checkOutbox(world, partition, expected)
    if (partition.sweep.journal.length > 0) world.reached.add('journal')
  }
}

const isComplete = ({ stamp }: PartitionStore): boolean => stamp !== null

function checkPositions(world: World, { store, positions }: Partition): void {
  const { durable, stored, committed, reached } = world
  let topics = 0
  for (const [source, { next, kind, applied }] of positions) {
    const place = placeIn(store.partition, source)
    const at = `${next} of ${place}`
    assert.ok(next >= (stored.get(place) ?? 0), `I6: a position goes back, to ${at}`)
    assert.ok(next >= (durable.get(place) ?? 0), `I4: less is stored than was reported, ${at}`)
    assert.ok(next >= (committed.get(place) ?? 0), `I5: Kafka has more than is stored, ${at}`)
    stored.set(place, next)
    if (kind === 'topic' && applied > 0) topics++
    noteSkipped(world, source, store.partition, next)
  }
  for (const place of [...durable.keys(), ...committed.keys()]) {
    const isOwn = place.startsWith(`${store.partition}/`)
    assert.ok(!isOwn || stored.has(place), `I4: nothing is stored of ${place}`)
  }
  for (const [{ source }, log] of world.logs.map((logs) => [logs[0], logs[store.partition]])) {
    const { next = 0 } = positions.get(source) ?? {}
    assert.ok(next <= log.visible, `I4: more is stored than the log of ${source} has`)
  }
  if (topics > 1) reached.add('two-topics')
}

function noteSkipped(
  { logs, reached }: World,
  source: string,
  partition: number,
  next: number,
): void {
  const log = logs.flat().find((one) => one.source === source && one.number === partition)
  if (log === undefined) return
  if (log.aborted.some(({ marker }) => marker < next)) reached.add('aborted')
  if (log.holes.some((offset) => offset < next)) reached.add('holes')
}

/** Each rejected message is in the outbox, or in the topic of dead letters. */
function checkOutbox(
  { hasLetters, letters, logs, reached }: World,
  { store }: Partition,
  { rejected }: Expected,
): void {
  const waiting = keysOf(store.outbox?.getRange() ?? [])
  if (waiting.size > 0) reached.add('outbox')
  for (const [key, reason] of waiting) {
    assert.equal(rejected.get(key), reason, `I8: ${key} of the outbox`)
  }
  if (!hasLetters) return
  for (const key of rejected.keys()) {
    const [source, offset] = key.split('/')
    const log = logs.flat().find((one) => one.source === source)
    if (log === undefined || waiting.has(key)) continue
    const name = `${log.topic}/${store.partition}/${offset}`
    assert.ok(letters.has(name), `I8: ${name} is neither in the outbox nor a dead letter`)
  }
}

/** Asserts what must hold once everything was read: all rows are in, all letters are sent. */
export function checkEnd(world: World): void {
  for (const { partition, positions, outbox } of readStores(world)) {
    for (const { source, visible } of world.logs.map((logs) => logs[partition])) {
      const { next } = positions.get(source) as { next: number }
      assert.equal(next, visible, `I9: the log of ${source} in partition ${partition}`)
    }
    for (const { id, rows } of world.files) {
      const { next, content } = positions.get(id) as { next: number; content: string | null }
      assert.equal(next, rows.length, `I9: the file ${id} in partition ${partition}`)
      assert.notEqual(content, null, `the hash of the file ${id} in partition ${partition}`)
    }
    assert.equal(outbox?.getKeysCount(), 0, `I9: the outbox of partition ${partition}`)
  }
}

/** The hash of what the disks of a world hold. */
export function hashOf(world: World): string {
  const view = viewState({ stores: readStores(world) } as unknown as ReadableState)
  try {
    return hashState(view)
  } finally {
    view.finish()
  }
}
