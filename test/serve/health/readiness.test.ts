// A pipeline is ready while it makes progress; otherwise it has a reason.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import type { ConsumerProgress } from '../../../consumers/ingest/progress.ts'
import { awaitsSnapshot, type Shared } from '../../../src/process/pipeline-state.ts'
import { createReadiness, SILENT_MS, STALE_MS } from '../../../src/serve/health/readiness.ts'
import { startServer } from '../../../src/serve/server.ts'
import { progressMessage } from '../../../src/serve/api/status.ts'
import { consuming, generateConsumer, generatePartition, generatePartitions } from '../consumer.ts'
import { generateProgress, standIn } from '../fixture.ts'

/** A readiness, and a function that reports a consumer to it at a time. */
function watched() {
  const pipeline = standIn()
  const readiness = createReadiness(pipeline.view)
  return {
    readiness,
    report: (nowMs: number, consumer: ConsumerProgress): void => {
      const progress = consuming(consumer)
      pipeline.report(progress)
      readiness.note(nowMs, progress)
    },
    pipeline,
  }
}

function reasonOf(consumer: ConsumerProgress): string | null {
  const { readiness, report } = watched()
  report(0, consumer)
  return readiness.reason(0)
}

describe('a consumer is not ready', () => {
  const two = generatePartitions(2)

  test('except when it is a member that reads its assigned partitions', () => {
    assert.equal(reasonOf(generateConsumer(two)), null)
    assert.equal(reasonOf(generateConsumer([])), null)
  })

  test('while it is not a member of its group', () => {
    const reason = reasonOf(generateConsumer(two, { member: false }))
    assert.match(reason ?? '', /Not a member of the consumer group engagement/)
  })

  test('at a gap, with the reason of the gap', () => {
    const gap = generatePartition(2, { gap: true, stopped: 'offsets 3 to 9 were deleted' })
    assert.match(reasonOf(generateConsumer([...two, gap])) ?? '', /gap: offsets 3 to 9/)
  })

  test('where an ACL is missing, with its name', () => {
    const stopped = 'the brokers do not allow this user to READ the topic "xdr"'
    const denied = generatePartition(2, { denied: true, stopped })
    assert.match(reasonOf(generateConsumer([...two, denied])) ?? '', /^The brokers do not allow/)
  })

  test('while reading is paused', () => {
    const reason = reasonOf(generateConsumer(two, { paused: '60 % were rejected' }))
    assert.match(reason ?? '', /60 % were rejected/)
  })

  test('while it restores assigned partitions', () => {
    const reason = reasonOf(generateConsumer(two, { assigned: [0, 1, 5] }))
    assert.match(reason ?? '', /Restoring 1 of 3/)
  })
})

describe('before the first snapshot', () => {
  const reasonFor = (awaits: boolean, consumer: ConsumerProgress | null): string | null => {
    const pipeline = standIn()
    pipeline.report(consumer === null ? generateProgress(1) : consuming(consumer))
    return createReadiness({ ...pipeline.view, awaitsSnapshot: () => awaits }).reason(0)
  }

  test('neither a replay nor a consumer is ready', () => {
    for (const consumer of [null, generateConsumer(generatePartitions(1))]) {
      assert.match(reasonFor(true, consumer) ?? '', /The first snapshot is being taken/)
      assert.equal(reasonFor(false, consumer), null)
    }
  })

  test('another reason counts more', () => {
    const consumer = generateConsumer(generatePartitions(1), { member: false })
    assert.match(reasonFor(true, consumer) ?? '', /Not a member/)
  })

  test('a state is awaited until it is published, or known to be empty', () => {
    const awaits = (inspected: boolean, commits: number, isPublished = false): boolean =>
      awaitsSnapshot({
        published: isPublished ? {} : null,
        inspected,
        progress: { counters: { commits } },
      } as unknown as Shared)
    assert.equal(awaits(false, 0), true)
    assert.equal(awaits(true, 0), false)
    assert.equal(awaits(true, 1), true)
    assert.equal(awaits(true, 1, true), false)
  })
})

describe('staleness', () => {
  const step = STALE_MS / 4

  test('a partition with lag that applies nothing for a minute is not ready', () => {
    const { readiness, report } = watched()
    for (let now = 0; now <= STALE_MS; now += step) {
      report(now, generateConsumer(generatePartitions(2)))
      assert.equal(readiness.reason(now), null)
    }
    report(STALE_MS + 1, generateConsumer(generatePartitions(2)))
    assert.match(readiness.reason(STALE_MS + 1) ?? '', /Partition 0 .* applied no record for 60 s/)
    const moved = [generatePartition(0, { appliedOffset: 5001 }), generatePartition(1)]
    report(STALE_MS + 2, generateConsumer(moved))
    assert.match(readiness.reason(STALE_MS + 2) ?? '', /Partition 1 /)
  })

  test('one stalled partition is enough, although others move', () => {
    const { readiness, report } = watched()
    const waits = 'waits for schema 7 of the registry'
    for (let now = 0; now <= 2 * STALE_MS; now += step) {
      const moving = generatePartition(0, { appliedOffset: 1000 + now })
      const stalled = generatePartition(1, { stopped: waits })
      report(now, generateConsumer([moving, stalled]))
    }
    assert.match(readiness.reason(2 * STALE_MS) ?? '', /Partition 1 .*waits for schema 7/)
  })

  test('without lag there is nothing to apply, for any time', () => {
    const { readiness, report } = watched()
    const caughtUp = [generatePartition(0, { endOffset: 5000 })]
    for (let now = 0; now <= 5 * STALE_MS; now += step) report(now, generateConsumer(caughtUp))
    assert.equal(readiness.reason(5 * STALE_MS), null)
    report(5 * STALE_MS + 1, generateConsumer([generatePartition(0)]))
    assert.equal(readiness.reason(5 * STALE_MS + 1), null, 'the time begins with the new record')
  })

  test('an ingest that no longer reports is not ready', () => {
    const { readiness, report } = watched()
    report(0, generateConsumer(generatePartitions(1)))
    assert.equal(readiness.reason(SILENT_MS), null)
    assert.match(readiness.reason(SILENT_MS + 1) ?? '', /Ingest has not reported for 20 seconds/)
  })

  test('one of several threads that no longer answers is enough', () => {
    const { readiness, pipeline } = watched()
    const progress = { ...generateProgress(1), done: false, silentMs: SILENT_MS }
    pipeline.report(progress)
    readiness.note(SILENT_MS, progress)
    assert.equal(readiness.reason(SILENT_MS), null)
    assert.match(readiness.reason(SILENT_MS + 1) ?? '', /Ingest has not reported/)
  })

  test('a replay that no longer reports before its end is not ready', () => {
    const { readiness, pipeline } = watched()
    const progress = { ...generateProgress(1), done: false }
    pipeline.report(progress)
    readiness.note(0, progress)
    assert.equal(readiness.reason(SILENT_MS), null)
    assert.match(readiness.reason(SILENT_MS + 1) ?? '', /Ingest has not reported/)
  })

  test('files that are read to their end stay ready', () => {
    const { readiness, pipeline } = watched()
    const progress = generateProgress(150_001)
    pipeline.report(progress)
    readiness.note(0, progress)
    assert.equal(readiness.reason(100 * STALE_MS), null)
  })
})

test('/readyz returns the reason, /healthz 200, status both', async () => {
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

test('a progress message has the lag and the positions of the assigned partitions', () => {
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
      return { topic: 'xdr', partition, appliedOffset: 5000, durableOffset: 4900 }
    }),
  })
  const unknown = [generatePartition(0), generatePartition(1, { endOffset: null })]
  pipeline.report(consuming(generateConsumer(unknown)))
  assert.equal(kafka()?.lagRecords, null)
})
