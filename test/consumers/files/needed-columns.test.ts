// Files with the four needed columns only: what depends on other columns is never shown as 0.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, queryRows, withDatabase } from '../../../src/duckdb.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { NEEDED_COLUMNS } from '../../../src/record/readable.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import { applicationWords, qualityWords, summaryWords } from '../../../src/report/words.ts'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import { takeSnapshot } from '../../../src/snapshot/take.ts'
import { reportText } from '../../../src/terminal/report-text.ts'
import { verifyState } from '../../../src/verify/run.ts'
import { withView } from '../../../state/read.ts'
import { LIMITS } from '../../parquet/variants.ts'
import { pulse } from '../../e2e/command.ts'
import { withDirectory } from '../../state-directory.ts'
import { OPTIONS as SNAPSHOT_OPTIONS } from '../../snapshot/subscribers.ts'
import { replay } from './replaying.ts'

const FOUR = `33600000000 + row % 5 AS msisdn, 60000 AS "Dur. (ms)", 100 + row AS "Total DL",
  row AS "Total UL"`
const DURATIONS = { durationUnit: 'ms' } as const

async function write(directory: string, name: string, list: string): Promise<string> {
  const path = join(directory, name)
  const format = name.endsWith('.csv') ? 'csv' : 'parquet'
  await withDatabase(LIMITS, (connection) =>
    connection.run(
      `COPY (SELECT ${list} FROM range(20) t(row)) TO ${literal(path)} (FORMAT ${format})`,
    ),
  )
  return path
}

const snapshotOf = (state: string): Promise<Snapshot> =>
  withView(state, (view) => takeSnapshot(view, SNAPSHOT_OPTIONS, () => 0).snapshot)

for (const name of ['four.parquet', 'four.csv']) {
  test(`${name} with four columns is read, and its other numbers are not known`, () =>
    withDirectory(async (directory) => {
      const path = await write(directory, name, FOUR)
      const state = join(directory, 'state')
      // Nothing shows the unit without times.
      await assert.rejects(replay([path], state), /unit of "Dur\. \(ms\)" cannot be determined/)
      await replay([path], state, { units: DURATIONS })
      const verified = await verifyState([path], state, { ...AUTO_UNITS, ...DURATIONS })
      assert.deepEqual(verified.differing, [])
      const snapshot = await snapshotOf(state)
      const { records, durationMs, downlinkBytes, uplinkBytes } = snapshot
      assert.deepEqual(
        [records, durationMs, downlinkBytes, uplinkBytes],
        [20, 1_200_000, 2190, 190],
      )
      const absent = USED_COLUMNS.filter(
        (column) => !(NEEDED_COLUMNS as readonly string[]).includes(column) && !/ ms$/.test(column),
      )
      assert.deepEqual(snapshot.notInData, absent)
      const text = reportText(snapshot)
      assert.match(text, /^sessions +not in the data$/m)
      assert.match(text, /^Netflix( +not in the data){5}\s*$/m)
      const { features, text: described } = snapshot.segments
      assert.deepEqual(features, ['durationMs', 'trafficBytes'])
      assert.match(described, /No features, because not in the data: Sessions\.$/)
      assert.doesNotMatch(described, /[0-9] session/)
      assert.match(text, /^segment +subscribers +share +session duration +traffic$/m)
      assert.deepEqual(snapshot.top.sessions, [])
      for (const { name, top } of snapshot.applications) assert.deepEqual(top, [], name)
      assert.match(text, /Not in the data: Bearer Id, Start, End, Social Media DL/)
      const words = [
        ...summaryWords(snapshot),
        ...applicationWords(snapshot),
        ...qualityWords(snapshot),
      ].join(' ')
      assert.match(words, /5 subscribers had 20 records of 20 min in total/)
      assert.match(words, /Not in the data: Bearer Id, /)
      assert.doesNotMatch(words, / 0 sessions/)
    }))
}

test('segments of features that are not in the data are one, which claims nothing', () =>
  withDirectory(async (directory) => {
    const path = await write(directory, 'four.parquet', FOUR)
    const state = join(directory, 'state')
    await replay([path], state, { units: DURATIONS })
    const features = ['sessions', 'meanSessionDurationMs'] as const
    const { segments } = await withView(
      state,
      (view) => takeSnapshot(view, { ...SNAPSHOT_OPTIONS, features }, () => 0).snapshot,
    )
    assert.deepEqual(segments.features, [])
    assert.deepEqual(
      segments.segments.map(({ name, subscribers }) => [name, subscribers]),
      [['all', 5]],
    )
    assert.equal(
      segments.text,
      'One segment holds 5 subscribers. No features, because not in the data: Sessions, Mean ' +
        'session duration.',
    )
  }))

test('top and subscriber do not show sessions that are not in the data', () =>
  withDirectory(async (directory) => {
    const path = await write(directory, 'four.parquet', FOUR)
    const state = join(directory, 'state')
    await replay([path], state, { units: DURATIONS })
    const top = await pulse(['top', '--by', 'sessions', '--state', state])
    assert.equal(top.stdout, 'sessions: not in the data\n')
    const json = await pulse(['top', '--by', 'sessions', '--json', '--state', state])
    const { sessions, asOf } = JSON.parse(json.stdout) as {
      sessions: unknown
      asOf: { notInData: string[] }
    }
    assert.deepEqual(sessions, [])
    assert.equal(asOf.notInData[0], 'Bearer Id')
    const { stdout } = await pulse(['subscriber', '33600000001', '--state', state])
    assert.match(stdout, /^sessions +not in the data *$/m)
    assert.match(stdout, /^traffic +[1-9]\d* bytes +\d$/m)
    assert.match(stdout, /^Netflix +not in the data +not in the data$/m)
  }))

test('exported tables have empty cells for what is not in the data', () =>
  withDirectory(async (directory) => {
    const path = await write(directory, 'four.parquet', `${FOUR}, 7 AS "Netflix DL (Bytes)"`)
    const state = join(directory, 'state')
    await replay([path], state, { units: DURATIONS })
    const exported = join(directory, 'exported')
    const { code, stderr } = await pulse(['report', '--state', state, '--export', exported])
    assert.equal(code, 0, stderr)
    const countsIn = (table: string): Promise<Record<string, unknown>[]> =>
      withDatabase(LIMITS, (connection) =>
        queryRows(
          connection,
          `SELECT COLUMNS(*)::VARCHAR FROM
            (SELECT count(COLUMNS(*)) FROM ${literal(join(exported, `${table}.parquet`))})`,
        ),
      )
    const [subscribers] = await countsIn('subscribers')
    const {
      sessions,
      records,
      netflix_downlink_bytes: down,
      netflix_uplink_bytes: up,
    } = subscribers
    assert.deepEqual([records, sessions, down, up], ['5', '0', '5', '0'])
    const [segments] = await countsIn('segments')
    assert.deepEqual([segments['sessions_mean'], segments['duration_ms_mean']], ['0', '3'])
    const [hours] = await countsIn('hours')
    assert.deepEqual([hours['records'], hours['sessions']], ['1', '0'])
    const [applications] = await countsIn('applications')
    const { application, downlink_bytes: downlink, uplink_bytes: uplink, share } = applications
    assert.deepEqual([application, downlink, uplink, share], ['7', '1', '0', '1'])
  }))

test('a column that one record has a value of is in the data', () =>
  withDirectory(async (directory) => {
    const more = `CASE row WHEN 3 THEN 7 END AS "Netflix DL (Bytes)"`
    const path = await write(directory, 'five.parquet', `${FOUR}, ${more}`)
    const state = join(directory, 'state')
    await replay([path], state, { units: DURATIONS })
    const snapshot = await snapshotOf(state)
    assert.equal(snapshot.notInData.includes('Netflix DL (Bytes)'), false)
    assert.match(reportText(snapshot), /^Netflix +7 bytes +not in the data +7 bytes +100% +1 /m)
  }))
