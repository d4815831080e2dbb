// The partitions of a member: those that are loaded are read while others load.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isSettled,
  settleAssigned,
  type AssignedPartitions,
} from '../../../../consumers/kafka/log/assigned.ts'
import type { Group } from '../../../../consumers/kafka/group/membership.ts'
import { createIngestStats } from '../../../../consumers/ingest/ingest-stats.ts'
import { createWarnings } from '../../../../consumers/ingest/warnings.ts'
import { SYSTEM_CLOCK } from '../../../../src/clock.ts'
import type { Consumer } from '../../../../src/kafka/client.ts'
import { BROKER_RETRY, createBackoff } from '../../../../src/kafka/retry.ts'
import { createPosition } from '../../../../state/partition-metadata.ts'
import { loadPartition } from '../../../../state/partition.ts'
import { readHeld, type PartitionStore } from '../../../../state/store.ts'
import { openStores } from '../../../../state/writer.ts'
import { withDirectory } from '../../../state-directory.ts'
import { OPTIONS } from '../../../state/stores.ts'

const ID = '00000000-0000-0000-0000-000000000001'
const IDS = [ID, '00000000-0000-0000-0000-000000000003']
const SOURCE = ID.replaceAll('-', '')

/** Runs `work` with the stores of a new state. */
const withStores = (
  partitions: number,
  work: (stores: readonly PartitionStore[]) => Promise<void>,
): Promise<void> =>
  withDirectory(async (directory) => {
    const state = await openStores(directory, { ...OPTIONS, partitions }, 'test')
    try {
      await work(state.stores)
    } finally {
      await state.close()
    }
  })

type Topic = AssignedPartitions['topics'][number]
type Reader = AssignedPartitions & { topics: Topic[] }

/** What is read of topics, of which everything is assigned and nothing is loaded. */
function assignedOf(
  stores: readonly PartitionStore[],
  consumer: Partial<Consumer> = {},
  names: readonly string[] = ['xdr'],
): Reader {
  const options = { commitIntervalMs: 0, keepRejected: 0 }
  const group = {
    assigned: stores.map(({ partition }) => partition),
    // No partition is owned: no offset is committed.
    offsets: { owned: new Set(), committed: new Map(), pending: new Map() },
  } as unknown as Group
  const warnings = createWarnings()
  const topicOf = (topic: string, id: string): Topic => ({
    // Where positions are known, the cluster is not asked.
    consumer: consumer as Consumer,
    topic,
    view: { id, partitions: stores.length, leaders: [], brokers: new Map() },
    numbers: [stores.length],
    ...{
      clock: SYSTEM_CLOCK,
      refreshing: null,
      refreshedAt: 0,
      warnings,
      failure: null,
      logs: new Map(),
    },
    ...{ cutoverMs: null, committedOf: () => Promise.resolve(null) },
    ...{ from: 'earliest', onGap: 'stop', passed: { gaps: 0, records: 0 } },
  })
  return {
    topics: names.map((name, at) => topicOf(name, IDS[at])),
    ...{ warnings, failure: null, cutoverMs: null },
    ...{ changelog: null, deadLetters: null, group, threads: null, loaded: new Map() },
    stores: new Map(stores.map((store) => [store.partition, store])),
    stats: createIngestStats({ missingMsisdnZero: false }, options, 1),
    ...{ settled: null, settling: null, restoreSeconds: null },
    backoff: createBackoff(BROKER_RETRY),
    closing: new AbortController(),
  }
}

/** Loads partitions, with a position in the topic each. */
function loadAll(reader: AssignedPartitions): void {
  for (const store of reader.stores.values()) {
    const partition = loadPartition(store)
    const source = { name: 'xdr', kind: 'topic', rows: 0, order: 'offset' } as const
    const unit = { durationUnit: 'ms', evidence: '' } as const
    partition.positions.set(SOURCE, createPosition({ ...source, ...unit }, 0))
    reader.loaded.set(store.partition, partition)
  }
}

test('the event loop turns between one partition that is loaded and the next', () =>
  withStores(3, async (stores) => {
    const reader = assignedOf(stores)
    loadAll(reader)
    const seen: number[] = []
    const look = (): void => {
      seen.push(reader.topics[0].logs.size)
      if (!isSettled(reader)) setImmediate(look)
    }
    settleAssigned(reader)
    look()
    await reader.settling
    for (const loaded of [1, 2]) assert.ok(seen.includes(loaded), seen.join(' '))
    assert.ok(isSettled(reader))
    assert.deepEqual([...reader.topics[0].logs.keys()], [0, 1, 2])
    assert.equal(reader.failure, null)
  }))

test('a partition that is assigned to another member is released, and not shown any more', () =>
  withStores(2, async (stores) => {
    const reader = assignedOf(stores)
    loadAll(reader)
    settleAssigned(reader)
    await reader.settling
    assert.deepEqual(
      stores.map((store) => readHeld(store)),
      [true, true],
    )
    reader.group.assigned = [1]
    assert.equal(isSettled(reader), false, 'at once')
    settleAssigned(reader)
    await reader.settling
    assert.deepEqual([...reader.topics[0].logs.keys()], [1])
    assert.deepEqual(
      stores.map((store) => readHeld(store)),
      [false, true],
    )
    assert.equal(reader.loaded.size, 0)
  }))

test('a partition of a recreated topic is opened anew, at a gap', () =>
  withStores(1, async (stores) => {
    const consumer = { listOffsets: () => Promise.resolve(new Map([['xdr', [0n]]])) }
    const reader = assignedOf(stores, consumer)
    loadAll(reader)
    settleAssigned(reader)
    await reader.settling
    const former = reader.topics[0].logs.get(0)
    former!.position.next = 7
    reader.topics[0].view = { ...reader.topics[0].view, id: ID.replace('1', '2') }
    assert.equal(isSettled(reader), false, 'at once')
    settleAssigned(reader)
    await reader.settling
    const log = reader.topics[0].logs.get(0)
    assert.notEqual(log, former)
    assert.equal(log?.gap?.kind, 'recreated')
    assert.equal(log.state, former?.state, 'without loading its state again')
    assert.ok(isSettled(reader))
  }))

test('a topic that is recreated while a partition is opened is not read under its old id', () =>
  withStores(1, async (stores) => {
    const ids = [ID, ID.replace('1', '2')]
    const consumer = {
      listOffsets() {
        reader.topics[0].view = { ...reader.topics[0].view, id: ids[1] }
        return Promise.resolve(new Map([['xdr', [7n]]]))
      },
    }
    const reader = assignedOf(stores, consumer)
    settleAssigned(reader)
    await reader.settling
    assert.equal(reader.topics[0].logs.get(0)?.source, ids[1].replaceAll('-', ''))
    assert.equal(reader.failure, null)
  }))

test('a partition that cannot be loaded fails the reader, without a warning', () =>
  withStores(1, async ([store]) => {
    const broken = {
      ...store,
      get environment(): typeof store.environment {
        throw new Error('MDB_CORRUPTED')
      },
    }
    const reader = assignedOf([broken])
    settleAssigned(reader)
    await reader.settling
    assert.match(String(reader.failure?.error), /MDB_CORRUPTED/)
    assert.deepEqual(reader.warnings.waiting, [])
  }))

test('nothing changes any more once the reader closes', () =>
  withStores(2, async (stores) => {
    const asked = Promise.withResolvers<undefined>()
    const answer = Promise.withResolvers<undefined>()
    const consumer = {
      async listOffsets() {
        asked.resolve(undefined)
        await answer.promise
        return new Map([['xdr', [7n]]])
      },
    }
    const reader = assignedOf(stores, consumer)
    settleAssigned(reader)
    await asked.promise
    reader.closing.abort()
    answer.resolve(undefined)
    await reader.settling
    assert.equal(reader.topics[0].logs.size, 0)
    assert.deepEqual([...stores[0].positions.getKeys()], [])
  }))

test('a partition is read of all topics, or of none', () =>
  withStores(2, async (stores) => {
    const reader = assignedOf(stores, {}, ['xdr', 'more'])
    loadAll(reader)
    const answer = Promise.withResolvers<undefined>()
    const asked = Promise.withResolvers<undefined>()
    reader.topics[1].consumer = {
      async listOffsets() {
        asked.resolve(undefined)
        await answer.promise
        return new Map([['more', [0n, 0n]]])
      },
    } as unknown as Consumer
    settleAssigned(reader)
    await asked.promise
    assert.deepEqual([...reader.topics[0].logs.keys()], [], 'the second topic is not opened yet')
    answer.resolve(undefined)
    await reader.settling
    assert.ok(isSettled(reader))
    for (const { logs } of reader.topics) assert.deepEqual([...logs.keys()], [0, 1])
    const [first, second] = reader.topics.map(({ logs }) => logs.get(1))
    assert.equal(first?.state, second?.state, 'one state takes both')
    reader.topics[1].view = { ...reader.topics[1].view, id: ID.replace('1', '4') }
    assert.equal(isSettled(reader), false, 'one of the topics was recreated')
    settleAssigned(reader)
    await reader.settling
    assert.notEqual(reader.topics[1].logs.get(1), second)
    reader.group.assigned = [0]
    settleAssigned(reader)
    await reader.settling
    for (const { logs } of reader.topics) assert.deepEqual([...logs.keys()], [0])
    assert.deepEqual(
      stores.map((store) => readHeld(store)),
      [true, false],
    )
  }))
