// The metrics of a consumer: its numbers, ordered at every scrape, bounded, without stale series.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { CONSUMER_ERRORS, type PartitionProgress } from '../../../consumers/ingest/progress.ts'
import { seededRandom } from '../../../src/random.ts'
import { REASONS } from '../../../src/record/batch.ts'
import { createMetrics } from '../../../src/serve/metrics/exposition.ts'
import { consuming, generateConsumer, generatePartition, generatePartitions } from '../consumer.ts'
import { checkWithPromtool, parse, scrape, series } from './parse-exposition.ts'
import {
  CANARY_MSISDN,
  generateProgress,
  generateSnapshot,
  published,
  standIn,
} from '../fixture.ts'

const at = (partition: number): string => `{topic="xdr",partition="${partition}"}`

/**
 * Maximum series with twelve partitions, buckets included: 84 are of partitions, 7 each, and 10 of a
 * changelog without partitions. Those of
 * `process_*`, `nodejs_*` and HTTP routes are not included.
 */
const MOST_SERIES = 570

describe('before the first message', () => {
  test('every series known in advance is 0, and there is none of a topic', async () => {
    const all = await scrape(standIn())
    for (const kind of CONSUMER_ERRORS) {
      assert.equal(all.get(`consumer_errors_total{kind="${kind}"}`), 0)
    }
    for (const reason of REASONS) {
      assert.equal(all.get(`dead_letter_records_total{reason="${reason}"}`), 0)
    }
    for (const source of ['parquet', 'kafka']) {
      for (const outcome of ['applied', 'duplicate', 'rejected']) {
        assert.equal(all.get(`records_total{source="${source}",outcome="${outcome}"}`), 0)
      }
      assert.equal(all.get(`consumed_bytes_total{source="${source}"}`), 0)
    }
    for (const check of ['conservation', 'order', 'snapshot']) {
      assert.equal(all.get(`store_invariant_violations_total{check="${check}"}`), 0)
    }
    for (const name of [
      ...['backpressure_seconds_total', 'consumer_rebalances_total', 'consumer_gaps_passed_total'],
      ...['consumer_gap_records_total', 'dead_letter_failures_total'],
      ...['dead_letter_pending_records', 'record_visible_latency_seconds_count'],
    ]) {
      assert.equal(all.get(name), 0, name)
    }
    assert.ok(![...all.keys()].some((key) => key.includes('topic=')))
  })
})

describe('values', () => {
  test('of a consumer are those of its last message', async () => {
    const pipeline = standIn()
    const partitions = [
      generatePartition(0),
      generatePartition(1, { stopped: 'waits for schema 7 of the registry' }),
      generatePartition(2, { endOffset: null, committedOffset: null, lastAppliedMs: null }),
    ]
    const gapsPassed = { gaps: 2, records: 77 }
    pipeline.report(consuming(generateConsumer(partitions, { gapsPassed })))
    const all = await scrape(pipeline)
    assert.equal(all.get(`consumer_lag_records${at(0)}`), 1000)
    assert.equal(all.get(`consumer_lag_seconds${at(1)}`), 13)
    assert.equal(all.get(`consumer_applied_offset${at(0)}`), 5000)
    assert.equal(all.get(`consumer_durable_offset${at(0)}`), 4900)
    assert.equal(all.get(`consumer_committed_offset${at(0)}`), 4800)
    assert.equal(all.get(`consumer_end_offset${at(0)}`), 6000)
    const seconds = Date.UTC(2026, 0, 1) / 1000
    assert.equal(all.get(`consumer_last_applied_timestamp_seconds${at(0)}`), seconds)
    assert.equal(all.get('consumer_assigned_partitions{topic="xdr"}'), 3)
    assert.equal(all.get('consumer_paused_partitions{topic="xdr"}'), 1)
    assert.equal(all.get('consumer_rebalances_total'), 2)
    assert.equal(all.get('consumer_errors_total{kind="fetch"}'), 3)
    assert.equal(all.get('consumer_gaps_passed_total'), 2)
    assert.equal(all.get('consumer_gap_records_total'), 77)
    assert.equal(all.get('dead_letter_records_total{reason="invalid-number"}'), 9)
    assert.equal(all.get('dead_letter_failures_total'), 1)
    assert.equal(all.get('dead_letter_pending_records'), 4)
    assert.equal(all.get('backpressure_seconds_total'), 1.5)
    // An unknown value has no series, as 0 would be a value.
    assert.equal(all.get(`consumer_applied_offset${at(2)}`), 5000)
    for (const name of ['end_offset', 'committed_offset', 'lag_records']) {
      assert.ok(!all.has(`consumer_${name}${at(2)}`), name)
    }
  })

  test('a pause of reading pauses every assigned partition', async () => {
    const pipeline = standIn()
    const paused = 'too many rows were rejected'
    pipeline.report(consuming(generateConsumer(generatePartitions(3), { paused })))
    const all = await scrape(pipeline)
    assert.equal(all.get('consumer_paused_partitions{topic="xdr"}'), 3)
  })

  test('rows of files and of Kafka are counted separately, also in one process', async () => {
    const pipeline = standIn()
    const metrics = createMetrics(pipeline.view)
    const read = async () => parse(await metrics.exposition())
    const rowsOf = (all: Map<string, number>, source: string) =>
      ['applied', 'duplicate', 'rejected'].map((outcome) =>
        all.get(`records_total{source="${source}",outcome="${outcome}"}`),
      )
    const history = generateProgress(1400)
    pipeline.report(history)
    assert.deepEqual(rowsOf(await read(), 'parquet'), [1390, 0, 10])
    const seconds = (await read()).get('session_seconds_total')!
    const consumer = generateConsumer(generatePartitions(1))
    pipeline.report(consuming(consumer, 140, { history: history.counters }))
    const all = await read()
    metrics.stop()
    assert.deepEqual(rowsOf(all, 'parquet'), [1390, 0, 10])
    assert.deepEqual(rowsOf(all, 'kafka'), [139, 0, 1])
    assert.equal(all.get('consumed_bytes_total{source="kafka"}'), 140 * 211)
    assert.equal(all.get('consumed_bytes_total{source="parquet"}'), 1400 * 211)
    assert.equal(all.get('rejected_records_total{reason="missing-msisdn"}'), 11)
    assert.equal(all.get('session_seconds_total'), (seconds * 1540) / 1400)
    assert.equal(all.get('replay_rows_total{outcome="applied"}'), 1390)
    assert.equal(all.get('replay_progress_ratio'), 1)
  })

  test('latency is observed once per batch of messages', async () => {
    const pipeline = standIn()
    const metrics = createMetrics(pipeline.view)
    const message = consuming(generateConsumer(generatePartitions(1)))
    message.observations.visibleLatencySeconds.push(0.4, 90)
    pipeline.report(message)
    pipeline.report(message)
    const all = parse(await metrics.exposition())
    metrics.stop()
    assert.equal(all.get('record_visible_latency_seconds_count'), 2)
    assert.equal(all.get('record_visible_latency_seconds_sum'), 90.4)
    assert.equal(all.get('record_visible_latency_seconds_bucket{le="1"}'), 1)
  })
})

test('committed ≤ durable ≤ applied ≤ end, for any message', async () => {
  const seed = Date.now() % 2 ** 32
  const random = seededRandom(seed)
  const offset = (): number => Math.floor(random() * 50)
  const unknown = (value: number): number | null => (random() < 0.2 ? null : value)
  const pipeline = standIn()
  const metrics = createMetrics(pipeline.view)
  for (let round = 0; round < 100; round++) {
    const partitions = generatePartitions(3).map((partition): PartitionProgress => ({
      ...partition,
      endOffset: unknown(offset()),
      appliedOffset: offset(),
      durableOffset: offset(),
      committedOffset: unknown(offset()),
    }))
    pipeline.report(consuming(generateConsumer(partitions)))
    const all = parse(await metrics.exposition())
    for (const { partition, endOffset, appliedOffset } of partitions) {
      const names = ['committed', 'durable', 'applied', 'end']
      const found = names
        .map((name) => all.get(`consumer_${name}_offset${at(partition)}`))
        .filter((each) => each !== undefined)
      const sorted = [...found].sort((a, b) => a - b)
      assert.deepEqual(found, sorted, `seed ${seed}`)
      assert.equal(all.get(`consumer_applied_offset${at(partition)}`), appliedOffset)
      const lag = all.get(`consumer_lag_records${at(partition)}`)
      if (endOffset === null) assert.equal(lag, undefined)
      else assert.equal(lag, Math.max(0, endOffset - appliedOffset), `seed ${seed}`)
    }
  }
  metrics.stop()
})

describe('no stale series', () => {
  test('a partition has no series while and after it is revoked', async () => {
    const pipeline = standIn()
    const metrics = createMetrics(pipeline.view)
    pipeline.report(consuming(generateConsumer(generatePartitions(3))))
    const before = parse(await metrics.exposition())
    assert.equal(series(before, 'consumer_applied_offset').length, 3)
    pipeline.report(consuming(generateConsumer(generatePartitions(3), { assigned: [1] })))
    const leaving = parse(await metrics.exposition())
    pipeline.report(consuming(generateConsumer([generatePartition(1)])))
    const left = parse(await metrics.exposition())
    metrics.stop()
    for (const all of [leaving, left]) {
      for (const name of ['applied_offset', 'lag_records', 'lag_seconds', 'end_offset']) {
        const found = series(all, `consumer_${name}`)
        assert.deepEqual(found, [`consumer_${name}${at(1)}`])
      }
      assert.equal(all.get('consumer_assigned_partitions{topic="xdr"}'), 1)
    }
  })

  test('undeclared reasons and kinds are counted', async () => {
    const pipeline = standIn()
    const errors = { fetch: 1, undeclared: 2 }
    pipeline.report(consuming(generateConsumer([], { errors })))
    const all = await scrape(pipeline)
    assert.equal(all.get('consumer_errors_total{kind="undeclared"}'), 2)
  })
})

describe('invariants', () => {
  const violations = async (pipeline: ReturnType<typeof standIn>): Promise<Map<string, number>> => {
    const all = await scrape(pipeline)
    return new Map(
      ['conservation', 'order', 'snapshot'].map((check) => [
        check,
        all.get(`store_invariant_violations_total{check="${check}"}`) ?? NaN,
      ]),
    )
  }

  test('that hold are not counted', async () => {
    const pipeline = standIn()
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    pipeline.report(consuming(generateConsumer(generatePartitions(2))))
    assert.deepEqual([...(await violations(pipeline)).values()], [0, 0, 0])
  })

  test('that are violated are counted, each under its name', async () => {
    const pipeline = standIn()
    const snapshot = generateSnapshot({ number: 1 })
    snapshot.segments.segments[0].subscribers += 1
    pipeline.publish(published(snapshot))
    const partition = generatePartition(0, { durableOffset: 5001 })
    const message = consuming(generateConsumer([partition]))
    message.counters.applied -= 1
    pipeline.report(message)
    assert.deepEqual([...(await violations(pipeline)).values()], [1, 1, 1])
  })

  test('a position that goes back over a gap violates none', async () => {
    const pipeline = standIn()
    const back = generatePartition(0, { appliedOffset: 10 })
    pipeline.report(consuming(generateConsumer([{ ...back, gap: true }])))
    assert.equal((await violations(pipeline)).get('order'), 0)
    const gapsPassed = { gaps: 1, records: 5 }
    pipeline.report(consuming(generateConsumer([back], { gapsPassed })))
    assert.equal((await violations(pipeline)).get('order'), 0)
  })
})

test('twelve partitions: bounded series, no MSISDN, no problem for promtool', async (context) => {
  const pipeline = standIn()
  const snapshot = generateSnapshot({ number: 1 })
  pipeline.publish(published(snapshot))
  const stopped = `partition 3: a record of ${CANARY_MSISDN} cannot be read`
  const partitions = generatePartitions(12)
  partitions[3] = generatePartition(3, { stopped, gap: true })
  pipeline.report(consuming(generateConsumer(partitions, { paused: stopped })))
  const metrics = createMetrics(pipeline.view)
  const exposition = await metrics.exposition()
  metrics.stop()
  const own = exposition.split('\n').filter((line) => line.startsWith('xdrpulse_'))
  assert.ok(own.length <= MOST_SERIES, `${own.length} series`)
  for (const { msisdn } of Object.values(snapshot.top).flat()) {
    assert.ok(!exposition.includes(String(msisdn)))
  }
  checkWithPromtool(exposition, context)
})
