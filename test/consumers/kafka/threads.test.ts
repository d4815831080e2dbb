// Several ingest threads: the same state, counts and positions as with one.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, type Found } from '../../state-directory.ts'
import { sampleIn } from '../files/samples.ts'
import { replay } from '../files/replaying.ts'
import { consumeTopic } from './consuming.ts'
import { rowsOf, sendRows, type Row } from './messages.ts'

const PARTITIONS = 5
const SAMPLE = { rows: 4500, subscribers: 900, dirt: 0.05 }

describe('a topic read by several threads', needsKafka(), () => {
  let broker: Operations
  let home = ''
  let rows: Row[] = []
  let path = ''

  before(async () => {
    broker = await sharedBroker()
    home = await mkdtemp(join(tmpdir(), 'xdr-pulse-threads-'))
    path = await sampleIn(home, SAMPLE)
    rows = await rowsOf(path, 'avro')
  })
  after(() => rm(home, { recursive: true }))

  async function send(topic: string, some: Row[]): Promise<void> {
    const packing = { partitions: PARTITIONS, batches: [100], codec: 'none' } as const
    await sendRows(broker.bootstrap, topic, some, packing)
  }

  test('gives the state of a replay, in parts and over restarts with other numbers of threads', async () => {
    const topic = uniqueName('threads')
    await broker.createTopic(topic, { partitions: PARTITIONS })
    const state = join(home, topic)
    const seen = new Set<number>()
    const counts = { applied: 0, rejected: 0, rows: 0 }
    const parts = [2, 1, 8]
    for (const [at, threads] of parts.entries()) {
      const [from, to] = [at, at + 1].map((part) => Math.floor((part / parts.length) * rows.length))
      await send(topic, rows.slice(from, to))
      const { progress } = await consumeTopic(
        broker.bootstrap,
        topic,
        state,
        { threads },
        ({ consumer }) => {
          if (consumer !== null) seen.add(consumer.threads)
        },
      )
      const { counters, consumer } = progress
      assert.ok(progress.done)
      assert.equal(consumer?.partitions.length, PARTITIONS, 'each partition is reported once')
      counts.applied += counters.applied
      counts.rows += counters.rows
      counts.rejected += Object.values(counters.rejected).reduce((sum, count) => sum + count, 0)
    }
    await replay([path], join(home, 'replay'), { threads: 1 })
    const [found, expected] = await Promise.all([readBack(state), readBack(join(home, 'replay'))])
    assert.equal(found.hash, expected.hash)
    assert.deepEqual(found.rejected, expected.rejected)
    assert.deepEqual(found.missing, expected.missing)
    // Of a second run the units are known: all threads read from the beginning.
    assert.ok(seen.has(2) && seen.has(PARTITIONS), `threads that read: ${[...seen].join(', ')}`)
    assert.deepEqual(counts, {
      ...{ rows: SAMPLE.rows, applied: expected.applied },
      rejected: SAMPLE.rows - expected.applied,
    })
  })

  const found = ({ positions }: Found) => {
    const first = positions.find(({ partition }) => partition === 1)
    assert.ok(first !== undefined)
    return first.position
  }

  test('stops at a gap in a partition of any thread, and reads the others', async () => {
    const topic = uniqueName('threads')
    await broker.createTopic(topic, { partitions: PARTITIONS })
    const state = join(home, topic)
    await send(topic, rows)
    await consumeTopic(broker.bootstrap, topic, state, { threads: 2 })
    const before = await readBack(state)
    // Of two threads the second one reads partition 1.
    const { next } = found(before)
    await send(topic, rows.slice(0, 1000))
    await broker.deleteRecords(topic, 1, next + 20)
    await assert.rejects(
      consumeTopic(broker.bootstrap, topic, state, { threads: 2, onGap: 'stop' }),
      /partition 1: .*20/,
    )
    const now = await readBack(state)
    assert.equal(found(now).next, next)
    assert.ok(now.applied > before.applied, 'other partitions are read')
  })
})
