// The exposition equals the values of the view, has no MSISDN, and passes promtool.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { APPLICATIONS, USED_COLUMNS } from '../../../src/record/columns.ts'
import { CATALOGUE, PREFIX } from '../../../src/serve/metrics/catalogue.ts'
import { createMetrics } from '../../../src/serve/metrics/exposition.ts'
import { startServer } from '../../../src/serve/server.ts'
import { checkWithPromtool, parse, scrape, series } from './parse-exposition.ts'
import { withoutColumns } from '../absent.ts'
import {
  CANARY_MSISDN,
  generateProgress,
  generateSnapshot,
  published,
  standIn,
} from '../fixture.ts'

describe('before the first message', () => {
  test('every series known in advance is 0', async () => {
    const all = await scrape(standIn())
    for (const outcome of ['applied', 'duplicate', 'rejected']) {
      assert.equal(all.get(`records_total{source="parquet",outcome="${outcome}"}`), 0)
      assert.equal(all.get(`replay_rows_total{outcome="${outcome}"}`), 0)
    }
    for (const reason of ['missing-msisdn', 'invalid-msisdn', 'invalid-number', 'footer']) {
      assert.equal(all.get(`rejected_records_total{reason="${reason}"}`), 0)
    }
    for (const column of USED_COLUMNS) {
      assert.equal(all.get(`coerced_values_total{column="${column}"}`), 0)
    }
    for (const application of APPLICATIONS) {
      for (const direction of ['download', 'upload']) {
        const labels = `application="${application}",direction="${direction}"`
        assert.equal(all.get(`traffic_bytes_total{${labels}}`), 0)
      }
      assert.equal(all.get(`application_subscribers{application="${application}"}`), 0)
    }
    for (const phase of ['scan', 'scale', 'kmeans', 'elbow', 'top', 'publish']) {
      assert.equal(all.get(`snapshot_seconds_count{phase="${phase}"}`), 0)
    }
    assert.equal(all.get('state{state="starting"}'), 1)
    assert.equal(all.get('state{state="running"}'), 0)
  })

  test('every metric of the catalogue is exposed with its type', async () => {
    const metrics = createMetrics(standIn().view)
    const exposition = await metrics.exposition()
    metrics.stop()
    for (const { name, type } of CATALOGUE) {
      assert.ok(exposition.includes(`# TYPE ${PREFIX}${name} ${type}\n`), name)
    }
    assert.match(exposition, /^process_cpu_seconds_total /m)
    assert.doesNotMatch(exposition, /nodejs_active_\w+_total/)
  })
})

describe('absent columns', () => {
  test('have no series of a snapshot, and the others do', async () => {
    const pipeline = standIn()
    pipeline.report(generateProgress(84_000))
    pipeline.publish(published(withoutColumns(generateSnapshot({ number: 1 }))))
    const all = await scrape(pipeline)
    const others = APPLICATIONS.filter((name) => name !== 'Netflix')
    assert.deepEqual(
      series(all, 'traffic_bytes_total'),
      others.flatMap((name) =>
        (name === 'Google' ? ['upload'] : ['download', 'upload']).map(
          (way) => `traffic_bytes_total{application="${name}",direction="${way}"}`,
        ),
      ),
    )
    for (const name of ['application_subscribers', 'application_traffic_share_ratio']) {
      assert.equal(series(all, name).length, others.length)
      assert.equal(all.has(`${name}{application="Netflix"}`), false)
    }
    for (const name of [
      'subscriber_sessions',
      'top_subscriber_sessions',
      'segment_sessions_mean',
    ]) {
      assert.deepEqual(series(all, name), [], name)
    }
    for (const name of ['subscriber_traffic_bytes', 'top_subscriber_traffic_bytes']) {
      assert.ok(series(all, name).length > 0, name)
    }
    assert.ok(series(all, 'segment_traffic_mean_bytes').length > 0)
  })

  test('have no series before the first snapshot once records without them are applied', async () => {
    const pipeline = standIn()
    const progress = generateProgress(84_000)
    const { counters } = progress
    const missing = { ...counters.missing, 'Email UL (Bytes)': counters.applied }
    pipeline.report({ ...progress, counters: { ...counters, missing } })
    const all = await scrape(pipeline)
    assert.equal(all.has('traffic_bytes_total{application="Email",direction="upload"}'), false)
    assert.equal(all.has('traffic_bytes_total{application="Email",direction="download"}'), true)
  })
})

describe('values', () => {
  test('of ingest are those of its last message', async () => {
    const pipeline = standIn()
    const progress = generateProgress(84_000)
    pipeline.report(progress)
    const all = await scrape(pipeline)
    const { counters, store } = progress
    assert.equal(all.get('records_total{source="parquet",outcome="applied"}'), counters.applied)
    assert.equal(all.get('records_total{source="parquet",outcome="rejected"}'), 600)
    assert.equal(all.get('rejected_records_total{reason="missing-msisdn"}'), 600)
    assert.equal(all.get('coerced_values_total{column="Total DL (Bytes)"}'), 7)
    assert.equal(all.get('consumed_bytes_total{source="parquet"}'), counters.consumedBytes)
    assert.equal(all.get('session_seconds_total'), counters.durationMs / 1000)
    assert.equal(
      all.get('traffic_bytes_total{application="Gaming",direction="upload"}'),
      counters.applicationBytes[2 * APPLICATIONS.indexOf('Gaming') + 1],
    )
    assert.equal(all.get('replay_progress_ratio'), 84_000 / progress.totalRows)
    assert.equal(all.get('store_file_bytes'), store.fileBytes)
    assert.equal(all.get('store_used_bytes'), store.usedBytes)
    assert.equal(all.get('store_volume_free_bytes'), store.volumeFreeBytes)
    assert.equal(all.get('store_last_durable_timestamp_seconds'), progress.lastDurableMs! / 1000)
    assert.equal(all.get('state{state="running"}'), 1)
  })

  test('of the store count failed reads by purpose', async () => {
    const all = await scrape(standIn())
    assert.equal(all.get('store_errors_total{operation="snapshot"}'), 4)
    assert.equal(all.get('store_errors_total{operation="look-up"}'), 5)
  })

  test('of the snapshot are those of the last one', async () => {
    const pipeline = standIn()
    const snapshot = generateSnapshot({ number: 5 })
    const announced = published(snapshot)
    pipeline.publish(announced)
    const all = await scrape(pipeline)
    assert.equal(all.get('snapshot_subscribers'), snapshot.subscribers)
    assert.equal(all.get('snapshot_last_success_timestamp_seconds'), announced.atMs / 1000)
    for (const segment of snapshot.segments.segments) {
      const labels = `{segment="${segment.name}"}`
      assert.equal(all.get(`segment_subscribers${labels}`), segment.subscribers)
      assert.equal(all.get(`segment_sessions_mean${labels}`), segment.metrics.sessions.mean)
      assert.equal(all.get(`segment_traffic_bytes${labels}`), segment.metrics.trafficBytes.total)
      const centroid = `segment="${segment.name}",feature="durationMs"`
      const scaled = segment.centroidScaled['durationMs']
      assert.equal(all.get(`segment_centroid_ratio{${centroid}}`), scaled)
    }
    snapshot.elbow.k.forEach((k, index) => {
      assert.equal(all.get(`kmeans_inertia{k="${k}"}`), snapshot.elbow.inertia[index])
    })
    snapshot.top.durationMs.forEach(({ value }, index) => {
      const rank = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10'][index]
      const seconds = all.get(`top_subscriber_duration_seconds{rank="${rank}"}`)
      assert.ok(Math.abs(seconds! * 1000 - value) < 1)
    })
    const { p50 } = snapshot.distribution.trafficBytes.quantiles
    assert.equal(all.get('subscriber_traffic_bytes{percentile="50"}'), p50)
    assert.equal(all.get('snapshot_runs_total{outcome="skipped"}'), 2)
  })

  test('are observed once per batch, also when a message is repeated', async () => {
    const pipeline = standIn()
    const metrics = createMetrics(pipeline.view)
    const first = generateProgress(1000)
    pipeline.report(first)
    pipeline.report(first)
    pipeline.report(generateProgress(2000))
    const announced = published(generateSnapshot({ number: 1 }))
    pipeline.publish(announced)
    pipeline.publish(announced)
    await metrics.exposition()
    const all = parse(await metrics.exposition())
    metrics.stop()
    assert.equal(all.get('batch_fold_seconds_count'), 4)
    assert.equal(all.get('batch_records_sum'), 2 * (2048 + 1024))
    assert.equal(all.get('store_commit_seconds_count'), 2)
    assert.equal(all.get('store_flush_seconds_count'), 2)
    assert.equal(all.get('snapshot_seconds_count{phase="kmeans"}'), 1)
  })
})

describe('no stale series', () => {
  test('a shorter list and fewer segments leave no series behind', async () => {
    const pipeline = standIn()
    const metrics = createMetrics(pipeline.view)
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const before = parse(await metrics.exposition())
    assert.equal(series(before, 'top_subscriber_sessions').length, 10)
    const segmentNames = ['less engaged', 'more engaged']
    pipeline.publish(published(generateSnapshot({ number: 2, top: 4, segmentNames })))
    const after = parse(await metrics.exposition())
    metrics.stop()
    assert.equal(series(after, 'top_subscriber_sessions').length, 4)
    assert.equal(series(after, 'application_top_subscriber_traffic_bytes').length, 4 * 7)
    assert.deepEqual(
      series(after, 'segment_subscribers'),
      segmentNames.map((name) => `segment_subscribers{segment="${name}"}`),
    )
  })

  test('a segment of fewer than ten subscribers is not published', async () => {
    const pipeline = standIn()
    const snapshot = generateSnapshot({ number: 1 })
    const [few, enough] = snapshot.segments.segments
    few.subscribers = 9
    enough.subscribers = 10
    pipeline.publish(published(snapshot))
    const keys = [...(await scrape(pipeline)).keys()]
    assert.ok(!keys.some((key) => key.includes(`segment="${few.name}"`)))
    assert.ok(keys.some((key) => key.includes(`segment="${enough.name}"`)))
  })
})

test('no MSISDN is ever exposed', async () => {
  const pipeline = standIn()
  const snapshot = generateSnapshot({ number: 1 })
  pipeline.publish(published(snapshot))
  pipeline.report(generateProgress(1000))
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0 })
  try {
    await fetch(`${server.url}/api/v1/subscribers/${CANARY_MSISDN}`)
    await fetch(`${server.url}/${CANARY_MSISDN}`)
    const exposition = await (await fetch(`${server.url}/metrics`)).text()
    for (const { msisdn } of Object.values(snapshot.top).flat()) {
      assert.ok(!exposition.includes(String(msisdn)))
    }
    const route = 'route="/api/v1/subscribers/:msisdn",method="GET",code="404"'
    assert.equal(parse(exposition).get(`http_request_duration_seconds_count{${route}}`), 1)
  } finally {
    await server.close()
  }
})

test('promtool finds no problem', async (context) => {
  const pipeline = standIn()
  pipeline.publish(published(generateSnapshot({ number: 1 })))
  pipeline.report(generateProgress(1000))
  const metrics = createMetrics(pipeline.view)
  const exposition = await metrics.exposition()
  metrics.stop()
  checkWithPromtool(exposition, context)
})
