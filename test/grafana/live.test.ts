// A real Prometheus scrapes real processes under load: every query of every panel returns data.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Target } from '../../scripts/dashboards/panel.ts'
import { messageOf } from '../../src/errors.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { startPulse, type Running } from '../e2e/command.ts'
import { topicBegun } from '../e2e/kafka-durable.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { committed, drawn, labelsOf, type Committed, type DrawnPanel } from './dashboards.ts'
import { openDashboards } from './grafana.ts'
import { withPrometheus, type Prometheus, type Series } from './prometheus.ts'
import { hasTool } from './tools.ts'

/** Two minutes of load: longer than this test takes. */
const ROWS = 120_000
const RATE = 1000
const DAYS = 10
const SPEED = (DAYS * 86_400) / (ROWS / RATE)
/** A rate over `$__rate_interval` needs two scrapes within it; the ranges below span more. */
const SCRAPES = 12
const RANGE_SECONDS = 8
/** Grafana's values of its variables for this scrape interval and a time range. */
const INTERVALS = { $__rate_interval: '5s', $__range: '60s' }
/** Metrics that exist only while a topic is read, or its changelog followed. */
const OF_A_TOPIC = /xdrpulse_(consumer_\w+_(records|offset|partitions|timestamp_seconds)|consumer_lag_seconds|record_visible|checkpoint_age|replica)/ // prettier-ignore

const OFTEN = ['--commit-interval', '200ms', '--snapshot-interval', '1s', '--port', '0']

interface Scene {
  directory: string
  prometheus: Prometheus
  /** The processes: a replay, and a member or null. */
  replaying: string
  running: string | null
  /** All of them, with a replica of the consumer. */
  addresses: readonly string[]
  /** Ends the replay as a crash would. */
  killReplay: () => void
}

test('every query of every panel', async (context) => {
  if (!hasTool('prometheus', context)) return
  await withScene(async (scene) => {
    if (scene.running === null) {
      context.diagnostic('Kafka cannot run on this machine: panels of a topic were not queried')
    }
    await scraped(scene)
    for (const dashboard of committed()) {
      await context.test(`${dashboard.title}: returns data with its labels`, () =>
        checkDashboard(scene, dashboard),
      )
    }
    await context.test('the rules are evaluated without error, and nothing critical fires', () =>
      checkRules(scene),
    )
    await context.test('Grafana shows them with data', (inner) => drawDashboards(scene, inner))
    await context.test('a killed process makes its alert pending', () => checkDown(scene))
  })
})

/** Runs `work` with a replay, a consumer if Kafka can run, and a Prometheus that scrapes them. */
const withScene = (work: (scene: Scene) => Promise<void>): Promise<void> =>
  withDirectory(async (directory) => {
    const started: Running[] = []
    const launch = (...argv: string[]): Running => {
      const running = startPulse(argv)
      started.push(running)
      return running
    }
    try {
      const file = await sampleIn(directory, { rows: ROWS, subscribers: 5000, days: DAYS })
      const kafka = needsKafka().skip === false ? await consume(directory, file, launch) : null
      const speed = ['--speed', String(SPEED)]
      const state = ['--state', join(directory, 'replayed')]
      const replay = launch('replay', file, ...state, '--serve', ...speed, ...OFTEN)
      const replaying = await addressOf(replay)
      const running = kafka === null ? null : await addressOf(kafka.member)
      const others =
        kafka === null || running === null ? [] : [running, await addressOf(kafka.replica)]
      const addresses = [replaying, ...others]
      const killReplay = (): void => void replay.process.kill('SIGKILL')
      await withPrometheus(directory, addresses, (prometheus) =>
        work({ directory, prometheus, replaying, running, addresses, killReplay }),
      )
    } finally {
      for (const each of started) each.process.kill('SIGKILL')
      await Promise.allSettled(started.map(({ ended }) => ended))
    }
  })

/** Fills a topic, consumes it with dead letters and a changelog, and follows that. */
async function consume(
  directory: string,
  file: string,
  launch: (...argv: string[]) => Running,
): Promise<{ member: Running; replica: Running }> {
  const broker = await sharedBroker()
  const [topic, letters] = [uniqueName('dashboards'), uniqueName('letters')]
  await broker.createTopic(letters, { partitions: 1 })
  const brokers = ['--kafka', broker.bootstrap.join(',')]
  const kafka = [...brokers, '--topic', topic]
  const making = ['--create-topic', '--partitions', '3', '--rate', String(RATE)]
  launch('produce', file, ...kafka, ...making)
  await topicBegun({ brokers: broker.bootstrap, topic })
  const where = ['--state', join(directory, 'consumed'), '--group', topic]
  const changelog = ['--changelog', topic]
  const publishing = [...changelog, '--checkpoint-interval', '500ms']
  const rejected = ['--dead-letter-topic', letters]
  const member = launch('run', ...kafka, ...where, ...rejected, ...publishing, ...OFTEN)
  const own = ['--state', join(directory, 'followed'), '--snapshot-interval', '1s', '--port', '0']
  return { member, replica: launch('replica', ...brokers, ...changelog, ...own) }
}

async function addressOf(running: Running): Promise<string> {
  const [, address] = await running.prints(/http:\/\/(127\.0\.0\.1:\d+)/)
  return address
}

/** Polls until every process was scraped often enough; requests their status meanwhile. */
async function scraped({ prometheus, addresses }: Scene): Promise<void> {
  await until(
    `${SCRAPES} scrapes`,
    async () => {
      for (const address of addresses) await fetch(`http://${address}/api/v1/status`)
      return prometheus.instant(`count_over_time(up[1h]) >= ${SCRAPES}`)
    },
    (found) => found.length === addresses.length,
  )
}

/** A query has this long to return data: a rate needs two scrapes with its series in them. */
const DATA_WITHIN_MS = 20_000

async function checkDashboard(scene: Scene, dashboard: Committed): Promise<void> {
  const wrong: string[] = []
  for (const panel of drawn(dashboard)) {
    for (const target of panel.targets) {
      if (scene.running === null && OF_A_TOPIC.test(target.expr)) continue
      const look = async () => whyEmpty(await ask(scene, dashboard, target), panel, target)
      await until(target.expr, look, (why) => why === null, DATA_WITHIN_MS).catch(
        (error: unknown) => wrong.push(`${panel.title}: ${messageOf(error)}`),
      )
    }
  }
  assert.deepEqual(wrong, [], wrong.join('\n'))
}

/** Queries as Grafana does, with all processes selected, or one for dashboards of one process. */
function ask({ prometheus, replaying }: Scene, { uid }: Committed, target: Target) {
  const isOfOne = uid === 'xdr-pulse-engagement' || uid === 'xdr-pulse-segments'
  const chosen = { $job: 'xdr-pulse', $instance: isOfOne ? replaying : '.*', ...INTERVALS }
  const query = Object.entries(chosen).reduce(
    (text, [name, value]) => text.replaceAll(name, value),
    target.expr,
  )
  return target.instant ? prometheus.instant(query) : prometheus.range(query, RANGE_SECONDS)
}

function whyEmpty(found: Series[], { type }: DrawnPanel, target: Target): string | null {
  if (found.length === 0) return 'returns nothing'
  const labels = labelsOf(target)
  const missing = labels.filter((label) => found.some(({ metric }) => !(label in metric)))
  if (missing.length > 0) return `lacks ${missing.join(', ')}`
  if (type === 'stat' && found.length > 1) return `${found.length} numbers instead of one`
  const names = found.map(({ metric }) => labels.map((label) => metric[label]).join(' '))
  if (new Set(names).size < names.length) return 'has several series of the same name'
  const numbers = found.flatMap(({ values }) => values.map(Number))
  return numbers.some(Number.isFinite) ? null : 'has no number'
}

interface EvaluatedRules {
  groups: {
    rules: {
      name: string
      health: string
      lastError?: string
      state?: string
      labels?: { severity?: string }
    }[]
  }[]
}

async function checkRules({ prometheus }: Scene): Promise<void> {
  const { groups } = (await prometheus.ask('rules')) as EvaluatedRules
  const rules = groups.flatMap((group) => group.rules)
  assert.ok(rules.length > 20)
  for (const { name, health, lastError, state, labels } of rules) {
    assert.equal(health, 'ok', `${name}: ${lastError}`)
    if (labels?.severity === 'critical') assert.notEqual(state, 'firing', name)
  }
}

/** The alert Down fires after a minute: the test waits until it is pending. */
async function checkDown({ prometheus, killReplay, replaying }: Scene): Promise<void> {
  const [before] = await prometheus.instant(`up{instance="${replaying}"}`)
  assert.deepEqual(before.values, ['1'])
  killReplay()
  await until(
    'XdrPulseDown',
    () => prometheus.instant('ALERTS{alertname="XdrPulseDown"}'),
    (found) => found.some(({ metric }) => metric['instance'] === replaying),
  )
}

async function drawDashboards({ directory, prometheus }: Scene, context: TestContext) {
  const home = process.env['GRAFANA_HOME']
  if (home === undefined) {
    context.skip('GRAFANA_HOME names no Grafana: the dashboards were not drawn')
    return
  }
  await openDashboards(home, directory, prometheus.url)
}
