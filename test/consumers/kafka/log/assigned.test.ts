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
import type { Consumer } from '../../../../src/kafka/client.ts'
import { BROKER_RETRY, createBackoff } from '../../../../src/kafka/retry.ts'
import { createPosition } from '../../../../state/partition-metadata.ts'
import { loadPartition } from '../../../../state/partition.ts'
import { readHeld, type PartitionStore } from '../../../../state/store.ts'
import { openStores } from '../../../../state/writer.ts'
import { withDirectory } from '../../../state-directory.ts'
import { OPTIONS } from '../../../state/stores.ts'

const ID = '00000000-0000-0000-0000-000000000001'
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

/** What is read of a topic, of which everything is assigned and nothing is loaded. */
function assignedOf(
  stores: readonly PartitionStore[],
  consumer: Partial<Consumer> = {},
): AssignedPartitions {
  const options = { commitIntervalMs: 0, keepRejected: 0 }
  const group = {
    assigned: stores.map(({ partition }) => partition),
    // No partition is owned: no offset is committed.
    offsets: { owned: new Set(), committed: new Map(), pending: new Map() },
  } as unknown as Group
  return {
    // Where positions are known, the cluster is not asked.
    consumer: consumer as Consumer,
    topic: 'xdr',
    view: { id: ID, partitions: stores.length, leaders: [], brokers: new Map() },
    ...{ refreshing: null, refreshedAt: 0, warnings: createWarnings(), failure: null },
    ...{ logs: new Map(), deadLetters: null, group, stores, loaded: new Map() },
    stats: createIngestStats({ missingMsisdnZero: false }, options, 1),
    ...{ cutoverMs: null, committedOf: () => Promise.resolve(null) },
    ...{ from: 'earliest', onGap: 'stop', passed: { gaps: 0, records: 0 } },
    ...{ settled: null, settling: null, restoreSeconds: null },
    backoff: createBackoff(BROKER_RETRY),
    closing: new AbortController(),
  }
}

/** Loads partitions, with a position in the topic each. */
function loadAll(reader: AssignedPartitions): void {
  for (const store of reader.stores) {
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
      seen.push(reader.logs.size)
      if (!isSettled(reader)) setImmediate(look)
    }
    settleAssigned(reader)
    look()
    await reader.settling
    for (const loaded of [1, 2]) assert.ok(seen.includes(loaded), seen.join(' '))
    assert.ok(isSettled(reader))
    assert.deepEqual([...reader.logs.keys()], [0, 1, 2])
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
    assert.deepEqual([...reader.logs.keys()], [1])
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
    const former = reader.logs.get(0)
    former!.position.next = 7
    reader.view = { ...reader.view, id: ID.replace('1', '2') }
    assert.equal(isSettled(reader), false, 'at once')
    settleAssigned(reader)
    await reader.settling
    const log = reader.logs.get(0)
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
        reader.view = { ...reader.view, id: ids[1] }
        return Promise.resolve(new Map([['xdr', [7n]]]))
      },
    }
    const reader = assignedOf(stores, consumer)
    settleAssigned(reader)
    await reader.settling
    assert.equal(reader.logs.get(0)?.source, ids[1].replaceAll('-', ''))
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
    assert.equal(reader.logs.size, 0)
    assert.deepEqual([...stores[0].positions.getKeys()], [])
  }))
