// A pipeline is ready while it can answer for itself; else it says why.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import type { ConsumerProgress } from '../../../consumers/ingest/progress.ts'
import { createReadiness, STALE_MS } from '../../../src/serve/health/readiness.ts'
import { startServer } from '../../../src/serve/server.ts'
import { progressMessage } from '../../../src/serve/api/status.ts'
import { consuming, generateConsumer, generatePartition, generatePartitions } from '../consumer.ts'
import { generateProgress, standIn } from '../fixture.ts'

/** A readiness, and how to tell it of a consumer at a time. */
function watched() {
  const pipeline = standIn()
  const readiness = createReadiness(pipeline.view)
  return {
    readiness,
    tell: (nowMs: number, consumer: ConsumerProgress): void => {
      const progress = consuming(consumer)
      pipeline.report(progress)
      readiness.note(nowMs, progress)
    },
    pipeline,
  }
}

function reasonOf(consumer: ConsumerProgress): string | null {
  const { readiness, tell } = watched()
  tell(0, consumer)
  return readiness.reason(0)
}

describe('a consumer is not ready', () => {
  const two = generatePartitions(2)

  test('but when it is a member that reads what it is assigned', () => {
    assert.equal(reasonOf(generateConsumer(two)), null)
    assert.equal(reasonOf(generateConsumer([])), null)
  })

  test('while it is no member of its group', () => {
    const reason = reasonOf(generateConsumer(two, { member: false }))
    assert.match(reason ?? '', /Not a member of the consumer group engagement/)
  })

  test('at a gap, whose words it repeats', () => {
    const gap = generatePartition(2, { gap: true, stopped: 'offsets 3 to 9 were deleted' })
    assert.match(reasonOf(generateConsumer([...two, gap])) ?? '', /gap: offsets 3 to 9/)
  })

  test('while reading is paused', () => {
    const reason = reasonOf(generateConsumer(two, { paused: '60 % were rejected' }))
    assert.match(reason ?? '', /60 % were rejected/)
  })

  test('while it restores what it is assigned', () => {
    const reason = reasonOf(generateConsumer(two, { assigned: [0, 1, 5] }))
    assert.match(reason ?? '', /Restoring 1 of 3/)
  })
})

describe('staleness', () => {
  const step = STALE_MS / 4

  test('lag of which nothing is applied is not borne for long', () => {
    const { readiness, tell } = watched()
    for (let now = 0; now <= STALE_MS; now += step) {
      tell(now, generateConsumer(generatePartitions(2)))
      assert.equal(readiness.reason(now), null)
    }
    tell(STALE_MS + 1, generateConsumer(generatePartitions(2)))
    assert.match(readiness.reason(STALE_MS + 1) ?? '', /Partition 0 .* applied none for 60 s/)
    const moved = [generatePartition(0, { appliedOffset: 5001 }), generatePartition(1)]
    tell(STALE_MS + 2, generateConsumer(moved))
    assert.match(readiness.reason(STALE_MS + 2) ?? '', /Partition 1 /)
  })

  test('one partition that stands still is enough, others that move hide nothing', () => {
    const { readiness, tell } = watched()
    const waits = 'waits for schema 7 of the registry'
    for (let now = 0; now <= 2 * STALE_MS; now += step) {
      const moving = generatePartition(0, { appliedOffset: 1000 + now })
      const standing = generatePartition(1, { stopped: waits })
      tell(now, generateConsumer([moving, standing]))
    }
    assert.match(readiness.reason(2 * STALE_MS) ?? '', /Partition 1 .*waits for schema 7/)
  })

  test('without lag there is nothing to apply, for as long as it lasts', () => {
    const { readiness, tell } = watched()
    const caughtUp = [generatePartition(0, { endOffset: 5000 })]
    for (let now = 0; now <= 5 * STALE_MS; now += step) tell(now, generateConsumer(caughtUp))
    assert.equal(readiness.reason(5 * STALE_MS), null)
    tell(5 * STALE_MS + 1, generateConsumer([generatePartition(0)]))
    assert.equal(readiness.reason(5 * STALE_MS + 1), null, 'the time counts from the new record')
  })

  test('an ingest that says nothing any more', () => {
    const { readiness, tell } = watched()
    tell(0, generateConsumer(generatePartitions(1)))
    assert.equal(readiness.reason(STALE_MS), null)
    assert.match(readiness.reason(STALE_MS + 1) ?? '', /Ingest has said nothing for 60 seconds/)
  })

  test('files that are read to their end are ready for ever', () => {
    const { readiness, pipeline } = watched()
    const progress = generateProgress(150_001)
    pipeline.report(progress)
    readiness.note(0, progress)
    assert.equal(readiness.reason(100 * STALE_MS), null)
  })
})

test('/readyz answers with the reason, /healthz with life, status with both', async () => {
  const pipeline = standIn()
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0 })
  try {
    const consumer = generateConsumer(generatePartitions(2), { member: false })
    pipeline.report(consuming(consumer))
    const reply = await fetch(`${server.url}/readyz`)
    assert.equal(reply.status, 503)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
    const { detail } = (await reply.json()) as { detail: string }
    assert.match(detail, /Not a member/)
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    const status = await (await fetch(`${server.url}/api/v1/status`)).json()
    assert.deepEqual((status as { consumer: unknown }).consumer, consumer)
    assert.equal((status as { notReady: unknown }).notReady, detail)
    pipeline.report(consuming({ ...consumer, member: true }))
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
  } finally {
    await server.close()
  }
})

test('a progress message sums the lag of what is assigned, and says what it is as of', () => {
  const pipeline = standIn()
  const health = { throughput: { rowsPerSecond: 0, etaSeconds: null }, notReady: null }
  const kafka = () => progressMessage(pipeline.view, health, 0).kafka
  pipeline.report(generateProgress(1))
  assert.equal(kafka(), null)
  pipeline.report(consuming(generateConsumer(generatePartitions(3), { assigned: [0, 2] })))
  assert.deepEqual(kafka(), {
    topic: 'xdr',
    member: true,
    assignedPartitions: 2,
    topicPartitions: 12,
    lagRecords: 2000,
    lagSeconds: 14,
    positions: [0, 2].map((partition) => {
      return { partition, appliedOffset: 5000, durableOffset: 4900 }
    }),
  })
  const unknown = [generatePartition(0), generatePartition(1, { endOffset: null })]
  pipeline.report(consuming(generateConsumer(unknown)))
  assert.equal(kafka()?.lagRecords, null)
})
