// One table for one fact: a row added to a table is a column, a sum, a metric everywhere.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { literal, queryRows, withDatabase } from '../../src/duckdb.ts'
import { withBrowser } from '../browser.ts'
import { pulse, startPulse, type Outcome } from '../e2e/command.ts'
import { tableCells } from '../serve/page/open.ts'

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'added-rows.ts')).href
const WITH_ROWS = { env: { NODE_OPTIONS: `--import=${PRELOAD}` } }

interface Application {
  name: string
  downlinkBytes: number
  uplinkBytes: number
}

/** The parts of a report that the added rows are in. */
interface Report {
  subscribers: number
  webBytes: number
  distribution: Record<string, { max: number }>
  top: Record<string, { msisdn: number; value: number }[]>
  applications: Application[]
  hours: { httpBytes: number; downlinkBytes: number; applications: Application[] }[]
  segments: { segments: { metrics: Record<string, { total: number }> }[] }
}

let home = ''
let file = ''
let state = ''
let report: Report

/** Runs the program with the added rows, to its end and without an error. */
async function withRows(...argv: string[]): Promise<Outcome> {
  const outcome = await pulse(argv, WITH_ROWS)
  assert.equal(outcome.code, 0, outcome.stderr)
  return outcome
}

const query = (sql: string): Promise<Record<string, unknown>[]> =>
  withDatabase({ threads: 1, memoryMiB: 256 }, (connection) => queryRows(connection, sql))

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'xdr-pulse-added-rows-'))
  const sample = join(home, 'sample.parquet')
  file = join(home, 'with-maps.parquet')
  state = join(home, 'state')
  const size = ['--rows', '3000', '--subscribers', '300', '--days', '2', '--dirt', '0.1']
  assert.equal((await pulse(['generate', ...size, '--out', sample])).code, 0)
  await query(`COPY (SELECT *, floor("Google DL (Bytes)" / 3) AS "Maps DL (Bytes)",
      floor("Google UL (Bytes)" / 5) AS "Maps UL (Bytes)" FROM ${literal(sample)})
    TO ${literal(file)}`)
  await withRows('replay', file, '--state', state)
  report = JSON.parse((await withRows('report', '--state', state, '--json')).stdout) as Report
})
after(() => rm(home, { recursive: true, force: true }))

const total = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0)

describe('an eighth application and a further total', () => {
  test('are folded as verify recomputes them', async () => {
    const { stdout } = await withRows('verify', file, '--state', state, '--json')
    const { subscribers } = report
    const { reliedOn, ...found } = JSON.parse(stdout) as Record<string, unknown>
    const equal = { subscribers, applications: 8, differing: [], differences: 0, skipped: [] }
    assert.deepEqual(found, equal)
    assert.ok(reliedOn)
  })

  test('are in report and hours', () => {
    assert.equal(report.applications.length, 8)
    const { name, downlinkBytes, uplinkBytes } = report.applications[7]
    assert.equal(name, 'Maps')
    assert.ok(downlinkBytes > 0 && uplinkBytes > 0)
    const carried = report.hours.map(({ applications }) => applications[7])
    assert.equal(total(carried.map((each) => each.downlinkBytes)), downlinkBytes)
    assert.equal(total(carried.map((each) => each.uplinkBytes)), uplinkBytes)
    assert.ok(total(report.hours.map(({ httpBytes }) => httpBytes)) > 0)
  })

  test('are columns of the exports, and change none of the others', async () => {
    const [plain, plainState] = [join(home, 'plain'), join(home, 'plain-state')]
    assert.equal((await pulse(['replay', file, '--state', plainState])).code, 0)
    assert.equal((await pulse(['report', '--state', plainState, '--export', plain])).code, 0)
    const added = join(home, 'added')
    await withRows('report', '--state', state, '--export', added)
    const table = (folder: string, name: string): string => literal(join(folder, `${name}.parquet`))
    for (const name of ['subscribers', 'hours']) {
      const described = await query(`DESCRIBE SELECT * FROM ${table(plain, name)}`)
      const columns = described.map(({ column_name: column }) => String(column)).join(', ')
      const differing = await query(`SELECT count(*) AS n FROM (
        SELECT ${columns} FROM ${table(plain, name)}
        EXCEPT ALL SELECT ${columns} FROM ${table(added, name)})`)
      assert.deepEqual(differing, [{ n: 0n }], name)
    }
    const [sums] = await query(`SELECT sum(maps_downlink_bytes)::DOUBLE AS maps,
      sum(http_bytes)::DOUBLE AS http, sum(web_bytes)::DOUBLE AS web
      FROM ${table(added, 'subscribers')}`)
    assert.equal(sums.maps, report.applications[7].downlinkBytes)
    assert.equal(sums.http, total(report.hours.map(({ httpBytes }) => httpBytes)))
    assert.equal(sums.web, report.webBytes)
    const [top] = await query(
      `SELECT count(*) AS n FROM ${table(added, 'top')} WHERE "of" IN ('web_bytes', 'Maps')`,
    )
    assert.equal(top.n, 20n)
    const [segments] = await query(
      `SELECT sum(web_bytes_total)::DOUBLE AS web FROM ${table(added, 'segments')}`,
    )
    assert.equal(segments.web, report.webBytes)
  })
})

describe('a further metric', () => {
  test('is in totals, distributions, top lists and segments', () => {
    assert.ok(report.webBytes > 0)
    const [first] = report.top['webBytes']
    assert.equal(report.distribution['webBytes'].max, first.value)
    const { segments } = report.segments
    assert.equal(total(segments.map(({ metrics }) => metrics['webBytes'].total)), report.webBytes)
  })

  test('is in the report page, and a feature of segments', async () => {
    const page = join(home, 'report.html')
    await withRows('report', '--state', state, '--html', page, '--features', 'webBytes')
    const html = await readFile(page, 'utf8')
    for (const text of ['<dt>Web</dt>', 'By web', 'Subscribers by web', 'of web traffic']) {
      assert.ok(html.includes(text), text)
    }
  })

  test('is a list of `top` and a rank of `subscriber`', async () => {
    const [{ msisdn, value }] = report.top['webBytes']
    const { stdout } = await withRows('top', '--state', state, '--by', 'webBytes')
    assert.match(stdout, new RegExp(`^rank +MSISDN +web\\n.*\\n +1  ${msisdn}  `))
    const found = await withRows('subscriber', String(msisdn), '--state', state)
    assert.match(found.stdout, /^web +[\d.]+ .B +1$/m)
    const json = await withRows('subscriber', String(msisdn), '--state', state, '--json')
    const { aggregate } = JSON.parse(json.stdout) as { aggregate: Record<string, number> }
    assert.equal(aggregate['webBytes'], value)
    assert.equal(aggregate['webBytes'], aggregate['httpBytes'] + aggregate['uplinkBytes'])
  })
})

test('a server has them in API, metrics and page', async () => {
  const argv = ['replay', file, '--state', join(home, 'served'), '--serve', '--port', '0']
  const running = startPulse([...argv, '--snapshot-interval', '50ms'], WITH_ROWS)
  try {
    const [, url] = await running.prints(/(http:\/\/[\d.:]+)/)
    await running.prints(/subscribers now/)
    const text = async (path: string): Promise<string> => (await fetch(url + path)).text()
    const snapshot = JSON.parse(await text('/api/v1/snapshot')) as Report
    assert.deepEqual(snapshot.top['webBytes'], report.top['webBytes'])
    const [{ msisdn, value }] = snapshot.top['webBytes']
    const subscriber = JSON.parse(await text(`/api/v1/subscribers/${msisdn}`)) as {
      ranks: Record<string, number>
    }
    assert.equal(subscriber.ranks['webBytes'], 1)
    const document = await text('/api/v1/openapi.json')
    for (const name of ['webBytes', 'httpBytes', 'Maps']) assert.ok(document.includes(name), name)
    const metrics = await text('/metrics')
    for (const series of [
      `xdrpulse_top_subscriber_web_bytes{rank="01"} ${value}`,
      'xdrpulse_subscriber_web_bytes{percentile="99"}',
      'xdrpulse_segment_web_mean_bytes{segment="low"}',
      'xdrpulse_traffic_bytes_total{application="Maps",direction="download"}',
    ]) {
      assert.ok(metrics.includes(series), series)
    }
    await withBrowser(async (browser) => {
      const page = await browser.newPage()
      await page.goto(`${url}/#/subscribers?top=webBytes`)
      await page.getByText('Top 10 by web').waitFor()
      const rows = await tableCells(page, 'top')
      assert.deepEqual(
        rows.map((cells) => cells[1]),
        snapshot.top['webBytes'].map((entry) => String(entry.msisdn)),
      )
      assert.ok(await page.locator('#hours-panel option', { hasText: 'Maps' }).count())
    })
  } finally {
    running.process.kill('SIGKILL')
    await running.ended
  }
})
