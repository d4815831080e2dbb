// `produce --shift-to`: all times are moved by whole days, by as many in a resume.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { literal, queryRows, withDatabase } from '../../src/duckdb.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { pulse, withPulse } from './command.ts'
import { readTopic } from './produced.ts'

const ROWS = 2000
const DAY_MS = 86_400_000

interface Times {
  Start: number
  End: number
}

describe('produce --shift-to', needsKafka(), () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })
  const to = (path: string, topic: string, ...more: string[]): string[] => [
    ...['produce', path, '--kafka', broker.bootstrap.join(','), '--topic', topic],
    ...['--compression', 'none', '--format', 'json', '--json', ...more],
  ]

  async function newTopic(): Promise<string> {
    const topic = uniqueName('shift')
    await broker.createTopic(topic, { partitions: 1 })
    return topic
  }

  /** Start and End of each row in the topic, by row number. */
  async function timesIn(topic: string): Promise<Map<number, Times>> {
    const found = await readTopic(broker.bootstrap, topic)
    return new Map(found.map(({ row, value }) => [row, JSON.parse(String(value)) as Times]))
  }

  test('the last day of the file becomes the given one, in a resume as well', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const [plain, topic] = [await newTopic(), await newTopic()]
      assert.equal((await pulse(to(path, plain))).code, 0)
      const before = await timesIn(plain)
      const argv = to(path, topic, '--shift-to', '2026-03-01')
      await withPulse([...argv, '--rate', '1000'], async (running) => {
        await until('rows', async () => (await readTopic(broker.bootstrap, topic)).length > 0)
        running.process.kill('SIGTERM')
        assert.equal((await running.ended).code, 143)
      })
      // What was begun is ended with the same shift, whatever the day.
      const rest = await pulse(to(path, topic, '--shift-to', 'now'))
      assert.equal(rest.code, 0, rest.stderr)
      const after = await timesIn(topic)
      assert.equal(after.size, ROWS)
      const lastMs = Math.max(...[...before.values()].map(({ Start }) => Start))
      const byMs = Date.UTC(2026, 2, 1) - Math.floor(lastMs / DAY_MS) * DAY_MS
      for (const [row, { Start, End }] of before) {
        const { Start: start, End: end } = after.get(row) ?? { Start: NaN, End: NaN }
        assert.deepEqual([start, end], [Start + byMs, End + byMs], `row ${row}`)
      }
      for (const shift of [[], ['--shift-to', '2026-03-02']]) {
        const other = await pulse(to(path, topic, ...shift))
        assert.equal(other.code, 1, other.stderr)
        assert.match(
          other.stderr,
          /rows were sent with shiftDays \d+ \(now: .*\), expected the same/,
        )
      }
    }))

  test('the present day is the last one, and a time that is not known stays', () =>
    withDirectory(async (directory) => {
      const sample = await sampleIn(directory, { rows: 30, dirt: 0 })
      const path = `${directory}/file.parquet`
      await withDatabase({ threads: 1, memoryMiB: 256 }, (connection) =>
        queryRows(
          connection,
          `COPY (SELECT * REPLACE (CASE WHEN row = 0 THEN '01/02/1970 00:00'
              ELSE "Start" END AS "Start")
            FROM (SELECT *, file_row_number AS row
              FROM read_parquet(${literal(sample)}, file_row_number = true)))
          TO ${literal(path)}`,
        ),
      )
      const topic = await newTopic()
      const today = new Date().toISOString().slice(0, 10)
      const { code, stderr } = await pulse(to(path, topic, '--shift-to', 'now'))
      assert.equal(code, 0, stderr)
      assert.match(stderr, /times are shifted by \d+ days: 2019-\d\d-\d\d becomes 20/)
      const times = await timesIn(topic)
      const days = [...times.values()].map(({ Start }) =>
        new Date(Start).toISOString().slice(0, 10),
      )
      assert.ok([today, new Date().toISOString().slice(0, 10)].includes(days.toSorted().at(-1)!))
      const unknown = new Date(times.get(0)!.Start).toISOString()
      assert.match(unknown, /^1970-01-02T00:00:00/)
    }))
})
