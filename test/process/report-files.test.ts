// `report --html` and `--export`: other programs read the files, and their totals are the report's.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { literal, queryRows, withDatabase } from '../../src/duckdb.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import { pulse } from '../e2e/command.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const FILES = ['applications', 'hours', 'segments', 'subscribers', 'top']
/** The bench's environment when it is there, else the machine's Python. */
const VENV = join(import.meta.dirname, '../../bench/out/venv/bin/python')
const PYTHON = existsSync(VENV) ? VENV : 'python3'

let home = ''
let state = ''
let directory = ''
let report: Snapshot

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'xdr-pulse-report-'))
  state = join(home, 'state')
  directory = join(home, 'exported', 'here')
  const file = join(home, "a month's.parquet")
  const size = ['--rows', '4000', '--subscribers', '500', '--days', '3', '--dirt', '0.1']
  await pulse(['generate', ...size, '--out', file])
  const replayed = await pulse(['replay', file, '--state', state])
  assert.equal(replayed.code, 0, replayed.stderr)
  report = JSON.parse((await pulse(['report', '--state', state, '--json'])).stdout) as Snapshot
})
after(() => rm(home, { recursive: true }))

/** Rows that DuckDB reads with whole numbers as numbers. */
const query = (sql: string): Promise<Record<string, unknown>[]> =>
  withDatabase({ threads: 1, memoryMiB: 256 }, async (connection) =>
    (await queryRows(connection, sql)).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'bigint' ? Number(value) : value,
        ]),
      ),
    ),
  )

const from = (name: string, extension = 'parquet'): string =>
  literal(join(directory, `${name}.${extension}`))

const TOTALS = `count(*) AS subscribers, sum(records) AS records, sum(sessions) AS sessions,
  sum(duration_ms) AS "durationMs", sum(downlink_bytes) AS "downlinkBytes",
  sum(uplink_bytes) AS "uplinkBytes", sum(traffic_bytes) AS "trafficBytes"`

const totalsOf = ({ subscribers, records, sessions, ...rest }: Snapshot) => {
  const { durationMs, downlinkBytes, uplinkBytes, trafficBytes } = rest
  return { subscribers, records, sessions, durationMs, downlinkBytes, uplinkBytes, trafficBytes }
}

describe('--export', () => {
  before(async () => {
    const argv = ['report', '--state', state, '--export', directory, '--csv', '--json']
    const { code, stdout, stderr } = await pulse(argv)
    assert.equal(code, 0, stderr)
    const { files } = JSON.parse(stdout) as { files: string[] }
    assert.equal(files.length, 2 * FILES.length)
    for (const file of files) assert.ok(existsSync(file), file)
  })

  test('writes these files and no others', () => {
    const wanted = FILES.flatMap((name) => [`${name}.csv`, `${name}.parquet`])
    assert.deepEqual(readdirSync(directory).sort(), wanted)
  })

  test('the sums over subscribers are the totals of the report, as Parquet and as CSV', async () => {
    for (const extension of ['parquet', 'csv']) {
      const [found] = await query(`SELECT ${TOTALS} FROM ${from('subscribers', extension)}`)
      assert.deepEqual(found, totalsOf(report))
    }
  })

  test('subscribers are in order, each once, with first start and last end as times', async () => {
    const rows = await query(
      `SELECT msisdn, epoch_ms(first_start) AS first, epoch_ms(last_end) AS last
       FROM ${from('subscribers')}`,
    )
    const numbers = rows.map(({ msisdn }) => msisdn as number)
    assert.deepEqual(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
    )
    const view = await pulse(['subscriber', String(numbers[0]), '--state', state, '--json'])
    const asked = spawnSync(
      process.execPath,
      [CLI, 'subscriber', '-', '--state', state, '--json'],
      {
        input: `${numbers[0]}\n`,
        encoding: 'utf8',
      },
    ).stdout
    const without = (text: string): unknown => ({ ...(JSON.parse(text) as object), asOf: null })
    assert.deepEqual(without(asked), without(view.stdout))
    const { aggregate } = JSON.parse(view.stdout) as {
      aggregate: { firstStartMs: number; lastEndMs: number }
    }
    assert.deepEqual(
      [rows[0]['first'], rows[0]['last']],
      [aggregate.firstStartMs, aggregate.lastEndMs],
    )
  })

  test('times are instants in UTC, for any zone of the reader', async () => {
    for (const [file, column] of [
      ['subscribers', 'first_start'],
      ['subscribers', 'last_end'],
      ['hours', 'hour'],
    ]) {
      const written = await query(
        `SELECT epoch_ms(${column}) AS ms, typeof(${column}) AS type FROM ${from(file)}
         WHERE ${column} IS NOT NULL`,
      )
      assert.equal(written[0]['type'], 'TIMESTAMP WITH TIME ZONE')
      const texts = await query(
        `SELECT ${column} AS text FROM read_csv(${from(file, 'csv')}, all_varchar = true)
         WHERE ${column} IS NOT NULL`,
      )
      assert.deepEqual(
        texts.map(({ text }) => text),
        written.map(({ ms }) => new Date(ms as number).toISOString()),
      )
      const detected = await query(
        `SELECT epoch_ms(${column}) AS ms, typeof(${column}) AS type FROM ${from(file, 'csv')}
         WHERE ${column} IS NOT NULL`,
      )
      assert.deepEqual(detected, written)
    }
  })

  test('the segment of a subscriber is that of the report', async () => {
    const found = await query(
      `SELECT segment AS name, count(*) AS subscribers, sum(traffic_bytes) AS traffic
       FROM ${from('subscribers')} GROUP BY ALL ORDER BY subscribers DESC`,
    )
    const wanted = report.segments.segments.map(({ name, subscribers, metrics }) => ({
      name,
      subscribers,
      traffic: metrics.trafficBytes.total,
    }))
    assert.deepEqual(
      found,
      wanted.sort((a, b) => b.subscribers - a.subscribers),
    )
    const table = await query(`SELECT segment, subscribers, sessions_mean FROM ${from('segments')}`)
    assert.deepEqual(
      table,
      report.segments.segments.map(({ name, subscribers, metrics }) => ({
        segment: name,
        subscribers,
        sessions_mean: metrics.sessions.mean,
      })),
    )
  })

  test('top lists, applications and hours are those of the report', async () => {
    const top = await query(
      `SELECT msisdn, value FROM ${from('top')} WHERE "of" = 'duration_ms' ORDER BY rank`,
    )
    assert.deepEqual(top, report.top.durationMs)
    const applications = await query(
      `SELECT application AS name, traffic_bytes AS traffic, share, subscribers
       FROM ${from('applications')}`,
    )
    assert.deepEqual(
      applications,
      report.applications.map(({ name, trafficBytes, share, subscribers }) => ({
        name,
        traffic: trafficBytes,
        share,
        subscribers,
      })),
    )
    const hours = await query(
      `SELECT epoch_ms(hour) AS "startMs", records, youtube_uplink_bytes AS youtube
       FROM ${from('hours')}`,
    )
    assert.deepEqual(
      hours,
      report.hours.map(({ startMs, records, applications: used }) => ({
        startMs,
        records,
        youtube: used[report.applications.findIndex(({ name }) => name === 'YouTube')].uplinkBytes,
      })),
    )
  })

  test('pandas reads the same totals', async (context) => {
    const script = `
import json, sys
try:
    import pandas
    from pyarrow.fs import LocalFileSystem
except ImportError:
    sys.exit(77)
# Opened by Arrow itself: see bench/peers/pandas_groupby.py.
found = pandas.read_parquet(sys.argv[1], filesystem=LocalFileSystem())
table = pandas.read_csv(sys.argv[1].replace('.parquet', '.csv'), parse_dates=['first_start'])
for times in found.first_start, table.first_start:
    assert isinstance(times.dtype, pandas.DatetimeTZDtype) and str(times.dtype.tz) == 'UTC', times
assert (found.first_start == table.first_start).sum() == found.first_start.count()
names = ['records', 'sessions', 'duration_ms', 'downlink_bytes', 'uplink_bytes', 'traffic_bytes']
print(json.dumps([len(found)] + [int(found[name].sum()) for name in names]))
`
    const file = join(directory, 'subscribers.parquet')
    const run = promisify(execFile)(PYTHON, ['-c', script, file])
    const found = await run.catch((error: unknown) => {
      if ([77, 'ENOENT'].includes((error as { code: string | number }).code)) return null
      throw error
    })
    if (found === null) {
      assert.equal(process.env['CI'], undefined, 'CI has Python with pandas and pyarrow')
      context.skip('needs Python with pandas and pyarrow')
      return
    }
    assert.deepEqual(JSON.parse(found.stdout), Object.values(totalsOf(report)))
  })

  test('writes tables with columns and no rows for a state without subscribers', async () => {
    const empty = join(import.meta.dirname, '../fixtures/parquet/empty.parquet')
    const [nobody, into] = [join(home, 'nobody'), join(home, 'nothing')]
    await pulse(['replay', empty, '--state', nobody])
    const { code, stderr } = await pulse(['report', '--state', nobody, '--export', into])
    assert.equal(code, 0, stderr)
    const file = literal(join(into, 'subscribers.parquet'))
    const rows = await query(`SELECT count(*) AS n, sum(records) AS records FROM ${file}`)
    assert.deepEqual(rows, [{ n: 0, records: null }])
  })

  test('reports a target that is a file and exits with 1', async () => {
    const { code, stderr } = await pulse(['report', '--state', state, '--export', '/dev/null/x'])
    assert.equal(code, 1)
    assert.match(stderr, /^xdr-pulse: --export [^\n]+ \(ENOTDIR\); expected a directory; [^\n]+\n$/)
  })
})

describe('--html', () => {
  test('writes a page with the totals, masked on request', async () => {
    const file = join(home, 'report.html')
    const argv = ['report', '--state', state, '--html', file]
    const { code, stdout } = await pulse(argv)
    assert.deepEqual([code, stdout], [0, `${file} written\n`])
    const html = readFileSync(file, 'utf8')
    const { hash } = JSON.parse(
      (await pulse(['status', '--state', state, '--hash', '--json'])).stdout,
    ) as { hash: string }
    assert.ok(html.includes(hash))
    assert.ok(html.includes(report.subscribers.toLocaleString('en-US')))
    assert.ok(html.includes('a month&#39;s.parquet') || html.includes("a month's.parquet"))
    const [{ msisdn }] = report.top.sessions
    assert.ok(html.includes(String(msisdn)))
    await pulse([...argv, '--mask'])
    assert.ok(!readFileSync(file, 'utf8').includes(String(msisdn)))
  })

  test('explains, as the terminal does, why applications differ from the totals', async () => {
    const file = join(home, 'words.html')
    await pulse(['report', '--state', state, '--html', file])
    const { stdout } = await pulse(['report', '--state', state])
    const reason = /^Totals are .*: Total DL leaves out Other DL.*$/m.exec(stdout)?.[0] ?? 'nothing'
    assert.ok(readFileSync(file, 'utf8').replaceAll('&#39;', "'").includes(reason), reason)
  })

  test('options of it are refused without it', async () => {
    for (const [flag, needs] of [
      ['--csv', '--export'],
      ['--mask', '--html'],
    ]) {
      const { code, stderr } = await pulse(['report', '--state', state, flag])
      assert.equal(code, 2)
      assert.ok(stderr.includes(`${flag} has no effect without ${needs}`))
    }
  })
})
