// Every bench runs at a tiny size and prints its table: none can break unnoticed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const RUN = join(import.meta.dirname, '../../bench/run.ts')
const TINY = ['--rows', '4000', '--subscribers', '1000', '--runs', '1', '--sizes', '1000,2000']

function run(name: string, more: string[] = []): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [RUN, name, ...TINY, ...more], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return stdout
}

function bench(name: string, more: string[] = []): string {
  const stdout = run(name, more)
  assert.match(stdout, new RegExp(`^npm run bench -- ${name} `))
  assert.match(stdout, /cores, \d+ GiB, Node v\d+/)
  return stdout
}

test('replay is timed as a whole process, and compared with pandas where it is installed', () => {
  const text = bench('replay')
  assert.match(text, /^xdr-pulse replay, .* +\d+\.\d+ +[\d,]+ +\d+\.\d+ +[\d,]+ +[1-9]\d*$/m)
  assert.match(text, /^pandas: (skipped, no Python has it|read_parquet .* [1-9][\d,]*$)/m)
})

test('growth measures every size and the phases of a snapshot', () => {
  const text = bench('growth')
  const lines = text.split('\n').filter((line) => /^ *[\d,]+ /.test(line))
  assert.equal(lines.length, 4)
  assert.match(text, /^subscribers +scan +scale +kmeans +elbow +top$/m)
})

test('interference compares a replay with and without snapshots', () => {
  const text = bench('interference')
  assert.match(text, /^every second +[\d,]+ +\d+\.\d+ +[1-9]\d* +[1-9]\d*\.\d$/m)
  assert.match(text, /^none after the first +[\d,]+ /m)
})

test('decode compares the compiled decoder with avsc and JSON', () => {
  const text = bench('decode')
  for (const way of ['compiled from the schema', 'avsc, resolved to 23 fields', 'JSON']) {
    assert.match(text, new RegExp(`^${way} +[\\d,]+ +[\\d,]+ +\\d+\\.\\d$`, 'm'))
  }
})

test('peers have the numbers of a replay, also of one that was killed', (t) => {
  const text = bench('peers', ['--parts', 'parquet,k-means'])
  assert.match(text, /^xdr-pulse replay, durable +\d+\.\d+ +[\d,]+ +\d+\.\d+ /m)
  assert.match(text, /^xdr-pulse +\d+\.\d+ +\d+\.\d+ +[1-9]\d* +0\.000$/m)
  const peers = { duckdb: 'DuckDB', polars: 'Polars', chdb: 'ClickHouse', pandas: 'pandas' }
  for (const [module, name] of Object.entries({ ...peers, sklearn: 'scikit-learn' })) {
    const skipped = new RegExp(`^${name}.*: skipped, no Python has "${module}"$`, 'm')
    if (skipped.test(text) && process.env['CI'] === undefined) {
      t.diagnostic(`${name} was skipped: bench/peers/requirements.txt is not installed`)
    } else assert.match(text, new RegExp(`^${name}.* \\d+\\.\\d+ +[\\d,]+ `, 'm'))
  }
})

test('paired compares with the former commit, where there is one', () => {
  const text = run('paired')
  const skipped =
    /^paired: skipped, (this checkout has no former commit|the former commit has other packages)$/m
  if (!skipped.test(text)) assert.match(text, /^ratio within pairs +\d+\.\d{3} +\d+\.\d{3}$/m)
})

test('look-up times single subscribers and pages', () => {
  const text = bench('look-up')
  assert.match(text, /^one subscriber, at rest +200 +\d+\.\d\d +\d+\.\d\d$/m)
  assert.match(text, /^a page of 1000, at rest +40 +/m)
})

test('live compares a replay without clients and with many', () => {
  const text = bench('live')
  assert.match(text, /^none +[\d,]+ +\d+\.\d+ +\d+\.\d+ +[1-9]\d* +0$/m)
  assert.match(text, /^500, 100 of them stalled +[\d,]+ /m)
})
