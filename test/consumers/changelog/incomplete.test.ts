// A changelog that lacks something is refused: never taken for an empty one, nor for a whole one.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import avro from 'avsc'
import { readFileSync } from 'node:fs'
import { MAX_ENGAGEMENT_BYTES, writeEngagement } from '../../../consumers/changelog/engagement.ts'
import { WIDTH } from '../../../src/subscriber/aggregate.ts'
import { ENGAGEMENT_FILE } from '../../../scripts/schema.ts'
import { DEFAULT_PARTITIONER } from '../../../src/record/topic-keys.ts'
import { writeCutover } from '../../../state/store.ts'
import { openStores } from '../../../state/writer.ts'
import { needsKafka } from '../../broker.ts'
import type { Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { OPTIONS } from '../../state/stores.ts'
import type { Row } from '../kafka/messages.ts'
import {
  damage,
  lose,
  markersOf,
  NEEDED,
  newLogged,
  read,
  readForeign,
  send,
  sendForeign,
  someRows,
  stateIn,
} from './changelogs.ts'

const SCHEMA = JSON.parse(readFileSync(ENGAGEMENT_FILE, 'utf8')) as avro.Schema
const NO_AGGREGATE = /the record at offset \d+ of a changelog is not an aggregate; expected the rec/
const WRONG_SUMS =
  /partition 0 of ".*engagement" does not have what checkpoint \d+ counts: (\d+) subscribers, expected/

describe('a changelog', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    rows = await someRows(300, 0)
  })

  test('is refused for a state with a history of files: the cut-over is not published', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, 1)
      const state = stateIn(directory)
      const made = await openStores(state, OPTIONS, 'run')
      writeCutover(made.stores[0], 0, DEFAULT_PARTITIONER)
      await made.close()
      const message = /has a history of files, expected one of topics only with --changelog; start/
      await assert.rejects(read(broker, logged, state), { code: 'state-options', message })
    }))

  test('whose records were deleted is refused, again and again', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, 1)
      const [state, topic] = [stateIn(directory), `${logged.prefix}.engagement`]
      await send(broker, logged, rows)
      await read(broker, logged, state)
      await damage(broker, topic, 10)
      // The directory that has published them is not in need of them.
      await read(broker, logged, state)
      lose(state)
      for (let again = 0; again < 2; again++) {
        await assert.rejects(read(broker, logged, state), {
          code: 'kafka',
          message: new RegExp(
            `partition 0 of "${topic}" at offset 0 has lost records: they were del`,
          ),
        })
      }
    }))

  test('with records of another program is refused, when they are before the checkpoint', () =>
    withDirectory(async (directory) => {
      const other = Buffer.alloc(MAX_ENGAGEMENT_BYTES)
      const row = Float64Array.from({ length: WIDTH }, () => 1)
      for (const [value, message] of [
        [null, NO_AGGREGATE],
        [other.subarray(0, writeEngagement(row, 0, other, 0)), WRONG_SUMS],
      ] as const) {
        const logged = await newLogged(broker, 1)
        const state = stateIn(directory, logged.topic)
        await send(broker, logged, rows.slice(0, 100))
        await read(broker, logged, state)
        const topic = `${logged.prefix}.engagement`
        await sendForeign(broker, topic, { key: '99', value, partition: 0 })
        await send(broker, logged, rows.slice(100))
        await read(broker, logged, state)
        lose(state)
        await assert.rejects(read(broker, logged, state), { code: 'kafka', message })
      }
    }))

  test('whose topics have other settings is refused, with what differs', () =>
    withDirectory(async (directory) => {
      for (const [setting, value, expected] of [
        ['cleanup.policy', 'compact,delete', 'compact'],
        ['min.compaction.lag.ms', '0', 'at least 3600000'],
      ]) {
        const logged = await newLogged(broker, 1, { ...NEEDED, [setting]: value })
        const name = `${logged.prefix}.engagement`
        await assert.rejects(read(broker, logged, stateIn(directory, logged.topic)), {
          code: 'kafka',
          message: new RegExp(
            `topic "${name}" has ${setting}=${value}, expected ${expected}; chan`,
          ),
        })
      }
    }))

  test('that was made with other options is refused', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, 1)
      await send(broker, logged, rows.slice(0, 100))
      await read(broker, logged, stateIn(directory))
      const other = { state: { timeZone: 'Europe/Paris' } }
      await assert.rejects(read(broker, logged, stateIn(directory, 'other'), other), {
        code: 'state-options',
        message: /was made with timeZone UTC, expected Europe\/Paris; use the same options, or/,
      })
    }))

  test('is a table for other systems: its newest committed values are the state', () =>
    withDirectory(async (directory) => {
      const logged = await newLogged(broker, 2)
      const state = stateIn(directory)
      for (const part of [rows.slice(0, 200), rows.slice(200)]) {
        await send(broker, logged, part)
        await read(broker, logged, state)
      }
      const { subscribers } = await read(broker, logged, state)
      const type = avro.Type.forSchema(SCHEMA)
      const newest = new Map<string, number[]>()
      for (const { key, value } of await readForeign(broker, `${logged.prefix}.engagement`)) {
        assert.ok(value !== null)
        const fields = Object.values(type.fromBuffer(value) as Record<string, number | null>)
        newest.set(
          key,
          fields.map((field) => field ?? 0),
        )
      }
      const found = [...newest].map(([key, row]): [number, number[]] => [Number(key), row])
      assert.deepEqual(
        found.sort(([a], [b]) => a - b),
        subscribers,
      )
      const markers = [...(await markersOf(broker, logged.prefix)).values()]
      const total = (numbers: number[]): number => numbers.reduce((sum, one) => sum + one, 0)
      assert.equal(total(markers.map(({ sums }) => sums.subscribers)), subscribers.length)
      assert.equal(
        total(markers.map(({ sums }) => Number(sums.columns[0]))),
        total(subscribers.map(([, [records]]) => records)),
      )
    }))
})
