// The unit of a topic's durations is decided once, before the first row is applied.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import { rowsOf, sendRows, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'

const START_MS = Date.UTC(2026, 2, 1)

/** The same row with its duration in seconds. */
function inSeconds({ key, value }: Row): Row {
  const row = JSON.parse(String(value)) as Record<string, number>
  const changed = { ...row, 'Dur. (ms)': row['Dur. (ms)'] / 1000 }
  return { key, value: Buffer.from(JSON.stringify(changed)) }
}

describe('durations in seconds', needsKafka(), () => {
  test('stay seconds after a restart, even if its first rows look like milliseconds', () =>
    withDirectory(async (directory) => {
      const { bootstrap, createTopic } = await sharedBroker()
      const rows = await rowsOf(await sampleIn(directory, { rows: 300, dirt: 0 }), 'json')
      // The first row after the restart looks like one in milliseconds.
      const parts = [
        rows.slice(0, 100).map(inSeconds),
        rows.slice(100, 101),
        rows.slice(101).map(inSeconds),
      ]
      const packing = { partitions: 1, batches: [300], codec: 'none' } as const
      const read = async (cuts: readonly Row[][]): Promise<{ hash: string; evidence: string }> => {
        const topic = uniqueName('seconds')
        await createTopic(topic, { partitions: 1 })
        let hash = ''
        let evidence = ''
        for (const cut of cuts) {
          await sendRows(bootstrap, topic, cut, packing)
          const found = await consumed(bootstrap, topic, join(directory, topic))
          hash = found.hash
          evidence = found.logs[0].evidence
        }
        return { hash, evidence }
      }
      const whole = await read([parts.flat()])
      assert.match(whole.evidence, /agrees with seconds in \d+ of/)
      const cut = await read([parts[0], parts.slice(1).flat().slice(0, 1), parts[2]])
      assert.match(cut.evidence, /agrees with seconds in \d+ of/)
      assert.equal(cut.hash, whole.hash)
    }))

  /** Messages of sessions of whole minutes, each with its duration. */
  const messages = (count: number, minutes: number, perMinute: number, from = 0): Row[] =>
    Array.from({ length: count }, (_, n) => {
      const start = START_MS + (from + n) * 60_000
      const msisdn = 33_600_000_000 + from + n
      const row = {
        'MSISDN/Number': msisdn,
        Start: start,
        End: start + Math.floor(minutes) * 60_000,
        'Total DL (Bytes)': 1,
        'Total UL (Bytes)': 1,
      }
      const value = JSON.stringify({ ...row, 'Dur. (ms)': minutes * perMinute })
      return { key: String(msisdn), value: Buffer.from(value) }
    })
  const minutesOf = ({ subscribers }: Awaited<ReturnType<typeof consumed>>): number =>
    subscribers.reduce((sum, [, row]) => sum + row[2], 0) / 60_000

  /** Reads rows from a topic of two partitions into `state`. */
  async function read(rows: Row[], state: string, changes: Parameters<typeof consumed>[3] = {}) {
    const { bootstrap, createTopic } = await sharedBroker()
    const topic = uniqueName('units')
    await createTopic(topic, { partitions: 2 })
    await sendRows(bootstrap, topic, rows, { partitions: 2, batches: [7], codec: 'none' })
    return consumed(bootstrap, topic, state, changes)
  }

  for (const [unit, perMinute] of Object.entries({ ns: 6e10, us: 6e7, ms: 6e4, s: 60 })) {
    test(`rows before those that can show it are read in ${unit} as well`, () =>
      withDirectory(async (directory) => {
        const short = messages(300, 0.5, perMinute)
        const rows = [...short, ...messages(30, 120, perMinute, 300)]
        const found = await read(rows, join(directory, 'state'))
        assert.equal(minutesOf(found), 300 * 0.5 + 30 * 120)
        for (const { durationUnit, evidence } of found.logs) {
          assert.equal(durationUnit, unit)
          assert.match(evidence, /in (30 of 30|330 of 330) rows that distinguish units/)
        }
      }))
  }

  test('a topic that cannot show it stops before its first row, and continues with an option', () =>
    withDirectory(async (directory) => {
      const { bootstrap, createTopic } = await sharedBroker()
      const topic = uniqueName('vague')
      await createTopic(topic, { partitions: 1 })
      const packing = { partitions: 1, batches: [300], codec: 'none' } as const
      await sendRows(bootstrap, topic, messages(300, 0.5, 60), packing)
      const state = join(directory, 'state')
      await assert.rejects(
        consumed(bootstrap, topic, state),
        /300 rows of it: the unit of "Dur. \(ms\)" cannot be determined \(no row distinguishes units\).*--duration-u/,
      )
      const { positions, applied } = await readBack(state)
      assert.deepEqual([applied, positions.map(({ position }) => position.next)], [0, [0]])
      const units = { ...AUTO_UNITS, durationUnit: 's', forceUnits: false } as const
      const found = await consumed(bootstrap, topic, state, { units })
      assert.equal(minutesOf(found), 150)
      // It is kept: the next run needs no option, and refuses another one.
      await sendRows(bootstrap, topic, messages(10, 0.5, 60, 300), packing)
      assert.equal(minutesOf(await consumed(bootstrap, topic, state)), 155)
      const other = { units: { ...AUTO_UNITS, durationUnit: 'ms', forceUnits: false } } as const
      const refused = consumed(bootstrap, topic, state, other)
      await assert.rejects(refused, /applied with --duration-unit s \(asked for: ms\)/)
    }))

  test('two units in one topic, and an option against its rows, are refused', () =>
    withDirectory(async (directory) => {
      const mixed = [...messages(40, 120, 60), ...messages(40, 120, 60_000, 40)]
      const counts = /40 agree with milliseconds, 40 agree with seconds/
      await assert.rejects(read(mixed, join(directory, 'mixed')), counts)
      const units = { ...AUTO_UNITS, durationUnit: 'ms', forceUnits: false } as const
      const refused = read(messages(40, 120, 60), join(directory, 'set'), { units })
      await assert.rejects(refused, /contradicts its rows/)
      const force = { units: { ...units, forceUnits: true } }
      const forced = await read(messages(40, 120, 60), join(directory, 'forced'), force)
      assert.equal(minutesOf(forced), (40 * 120) / 1000)
    }))

  test('later rows that contradict the decision stop their partition with counts', () =>
    withDirectory(async (directory) => {
      const { bootstrap, createTopic } = await sharedBroker()
      const topic = uniqueName('later')
      await createTopic(topic, { partitions: 1 })
      const packing = { partitions: 1, batches: [100], codec: 'none' } as const
      const state = join(directory, 'state')
      await sendRows(bootstrap, topic, messages(100, 120, 60), packing)
      await consumed(bootstrap, topic, state)
      await sendRows(bootstrap, topic, messages(4000, 120, 60_000, 100), packing)
      await assert.rejects(
        consumed(bootstrap, topic, state),
        /partition 0: durations were decided to be seconds .* agree with milliseconds/,
      )
      const { applied } = await readBack(state)
      assert.ok(applied < 2500, `${applied} rows`)
    }))

  test('rows without a duration need no unit', () =>
    withDirectory(async (directory) => {
      const found = await read(messages(20, 0, 60), join(directory, 'state'))
      assert.deepEqual([found.applied, minutesOf(found)], [20, 0])
    }))

  test('a needed column that is unreadable as a whole is refused before the first row', () =>
    withDirectory(async (directory) => {
      const rows = messages(40, 120, 60).map(({ key, value }) => {
        const row = { ...(JSON.parse(String(value)) as object), 'Total DL (Bytes)': '1.234,00 MB' }
        return { key, value: Buffer.from(JSON.stringify(row)) }
      })
      const refused = read(rows, join(directory, 'state'))
      await assert.rejects(refused, /"Total DL \(Bytes\)" is not readable .* 40 of 40 rows/)
    }))
})
