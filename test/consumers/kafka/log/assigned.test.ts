// The partitions of a member: what is loaded is read while others still load.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHoldings } from '../../../../consumers/kafka/log/assigned.ts'
import type { Consumer } from '../../../../src/kafka/client.ts'
import { createWarnings } from '../../../../consumers/ingest/warnings.ts'
import { createPosition } from '../../../../state/partition-metadata.ts'
import { openStores } from '../../../../state/writer.ts'
import { loadPartition } from '../../../../state/partition.ts'
import { OPTIONS } from '../../../state/stores.ts'
import { withDirectory } from '../../../state-directory.ts'

const PARTITIONS = 3
const ID = '00000000-0000-0000-0000-000000000001'

test('others may work between one partition that is loaded and the next', () =>
  withDirectory(async (directory) => {
    const state = await openStores(directory, { ...OPTIONS, partitions: PARTITIONS }, 'test')
    const { stores } = state
    const failures: unknown[] = []
    const seen: string[] = []
    const settled = Promise.withResolvers<undefined>()
    const loaded = new Map(
      stores.map((store) => {
        const partition = loadPartition(store)
        const known = { name: 'xdr', kind: 'topic' as const, rows: 0, order: 'offset' as const }
        const unit = { durationUnit: 'ms' as const, evidence: '' }
        partition.positions.set(ID.replaceAll('-', ''), createPosition({ ...known, ...unit }, 0))
        return [store.partition, partition]
      }),
    )
    const holdings = createHoldings({
      // Positions are known: the cluster is asked nothing.
      consumer: null as unknown as Consumer,
      topic: 'xdr',
      view: () => ({ id: ID, partitions: PARTITIONS, leaders: [], brokers: new Map() }),
      ...{ stores, loaded, from: 'earliest', onGap: 'stop', warnings: createWarnings() },
      ...{ passed: { gaps: 0 }, commit: () => undefined },
      onChange(taken) {
        const number = taken?.number
        seen.push(`taken ${number}`)
        setImmediate(() => {
          seen.push(`read ${number}`)
          if (seen.length === 2 * PARTITIONS) settled.resolve(undefined)
        })
      },
      onFailure: (error) => failures.push(error),
    })
    holdings.assign([0, 1, 2])
    await settled.promise
    assert.deepEqual(
      seen,
      [0, 1, 2].flatMap((number) => [`taken ${number}`, `read ${number}`]),
    )
    await holdings.stop()
    assert.deepEqual(failures, [])
    await state.close()
  }))

test('a topic that is made again while a partition begins is not read under its old id', () =>
  withDirectory(async (directory) => {
    const state = await openStores(directory, { ...OPTIONS, partitions: 1 }, 'test')
    const ids = [ID, ID.replace('1', '2')]
    const taken = Promise.withResolvers<string>()
    const failures: unknown[] = []
    let id = ids[0]
    const consumer = {
      listOffsets() {
        id = ids[1]
        return Promise.resolve(new Map([['xdr', [7n]]]))
      },
    } as unknown as Consumer
    const holdings = createHoldings({
      consumer,
      topic: 'xdr',
      view: () => ({ id, partitions: 1, leaders: [], brokers: new Map() }),
      ...{ stores: state.stores, loaded: new Map(), from: 'earliest', onGap: 'stop' },
      ...{ warnings: createWarnings(), passed: { gaps: 0 }, commit: () => undefined },
      onChange: (log) => taken.resolve(log!.source),
      onFailure: (error) => failures.push(error),
    })
    holdings.assign([0])
    assert.equal(await taken.promise, ids[1].replaceAll('-', ''))
    await holdings.stop()
    assert.deepEqual(failures, [])
    await state.close()
  }))

test('a partition that cannot be loaded ends the consumer, and is not asked for again', () =>
  withDirectory(async (directory) => {
    const state = await openStores(directory, { ...OPTIONS, partitions: 1 }, 'test')
    const [store] = state.stores
    const broken = {
      ...store,
      get environment(): typeof store.environment {
        throw new Error('MDB_CORRUPTED')
      },
    }
    const failed = Promise.withResolvers<unknown>()
    const warnings = createWarnings()
    const holdings = createHoldings({
      consumer: null as unknown as Consumer,
      topic: 'xdr',
      view: () => ({ id: ID, partitions: 1, leaders: [], brokers: new Map() }),
      ...{ stores: [broken], loaded: new Map(), from: 'earliest', onGap: 'stop', warnings },
      ...{ passed: { gaps: 0 }, commit: () => undefined, onChange: () => undefined },
      onFailure: failed.resolve,
    })
    holdings.assign([0])
    assert.match(String(await failed.promise), /MDB_CORRUPTED/)
    assert.deepEqual(warnings.waiting, [])
    await holdings.stop()
    await state.close()
  }))
