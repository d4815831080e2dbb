// The table of subscribers finds each of any number of subscribers, and folds are sums in it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PulseError } from '../../src/errors.ts'
import { seededRandom } from '../../src/random.ts'
import { aggregateAt } from '../../src/snapshot/metrics.ts'
import { WIDTH } from '../../src/subscriber/aggregate.ts'
import { fold } from '../../src/subscriber/fold.ts'
import { createHourTable, foldHours, HOUR_MS } from '../../src/subscriber/hours.ts'
import { appendRows, createTable, findOrAddSlots, findSlot } from '../../src/subscriber/table.ts'
import { MAX_SLOTS, reserve, type Table } from '../../src/subscriber/table.ts'
import { batchOf, rowOf, someSubscribers } from '../state/stores.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)

function add(table: Table, subscribers: number[]): number[] {
  const slots = new Uint32Array(subscribers.length)
  findOrAddSlots(table, Float64Array.from(subscribers), subscribers.length, slots)
  return [...slots]
}

test('slots are given in order of first appearance, and kept', () => {
  const table = createTable()
  assert.deepEqual(add(table, [7, 0, 7, 999_999_999_999_999]), [0, 1, 0, 2])
  assert.deepEqual(add(table, [999_999_999_999_999, 5, 0]), [2, 3, 1])
  assert.equal(table.count, 4)
  assert.equal(findSlot(table, 5), 3)
  assert.equal(findSlot(table, 6), -1)
})

test('a table is like a Map, through every growth of rows and index', () => {
  const aBlock = fc.record({
    first: fc.constantFrom(0, 33_600_000_000, 2 ** 32 - 5000, 999_999_999_000_000),
    step: fc.constantFrom(1, 2, 4096, 2 ** 20),
    count: fc.integer({ min: 0, max: 9000 }),
  })
  const property = fc.property(fc.array(aBlock, { maxLength: 6 }), (blocks) => {
    const [table, map] = [createTable(), new Map<number, number>()]
    for (const { first, step, count } of blocks) {
      const subscribers = Array.from({ length: count }, (_, i) => first + i * step)
      for (const msisdn of subscribers) if (!map.has(msisdn)) map.set(msisdn, map.size)
      assert.deepEqual(
        add(table, subscribers),
        subscribers.map((msisdn) => map.get(msisdn)),
      )
    }
    assert.equal(table.count, map.size)
    for (const [msisdn, slot] of map) assert.equal(rowOf(table, slot)[0], msisdn)
  })
  fc.assert(property, { seed: SEED, numRuns: 25 })
})

test('loaded rows are found and not dirty', () => {
  const table = createTable()
  const rows = Float64Array.from({ length: 10_000 * WIDTH }, (_, i) => i)
  appendRows(table, rows, 10_000)
  assert.equal(table.dirtyCount, 0)
  assert.equal(findSlot(table, 9_999 * WIDTH), 9_999)
  assert.deepEqual(rowOf(table, 9_000), [...rows.subarray(9_000 * WIDTH, 9_001 * WIDTH)])
})

test('more subscribers than slots are refused with the remedy', () => {
  assert.throws(
    () => reserve(createTable(), MAX_SLOTS + 1),
    (error) => {
      assert.ok(error instanceof PulseError)
      assert.match(error.message, /at most 67108863 subscribers.*--partitions/)
      return true
    },
  )
})

test('folds have the sums of a plain Map, and mark changed subscribers', () => {
  const random = seededRandom(SEED)
  const [table, sums] = [createTable(), new Map<number, number[]>()]
  for (let round = 0; round < 5; round++) {
    const batch = batchOf(someSubscribers(33_600_000_000, 3000, 2000, random), random)
    fold(table, batch, new Uint32Array(batch.count))
    for (let i = 0; i < batch.count; i++) {
      const sum = sums.get(batch.subscriber[i]) ?? new Array<number>(WIDTH - 1).fill(0)
      const amounts = [1, batch.session[i], ...batch.amounts.map((values) => values[i])]
      const next = amounts.map((amount, at) => sum[at] + amount)
      const starts = [sum[19], batch.startMs[i]].filter((start) => start > 0)
      next.push(starts.length === 0 ? 0 : Math.min(...starts), Math.max(sum[20], batch.endMs[i]))
      sums.set(batch.subscriber[i], next)
    }
    const touched = new Set(batch.subscriber)
    assert.equal(table.dirtyCount, touched.size, `seed ${SEED}`)
    for (const msisdn of touched) assert.equal(table.dirty[findSlot(table, msisdn)], 1)
    table.dirty.fill(0)
    table.dirtyCount = 0
  }
  assert.equal(table.count, sums.size)
  for (const [msisdn, sum] of sums) {
    assert.deepEqual(rowOf(table, findSlot(table, msisdn)), [msisdn, ...sum], `seed ${SEED}`)
  }
})

test('a record counts in the hour of its Start, or in that of unknown times', () => {
  const batch = batchOf(Float64Array.of(1, 2, 3, 4), () => 0.5)
  batch.startMs.set([HOUR_MS * 10, HOUR_MS * 11 - 1, 0, HOUR_MS * 11])
  const hours = createHourTable()
  foldHours(hours, batch)
  const records = [...hours.rows].map(([hour, row]) => [hour, row[0]])
  assert.deepEqual(records, [
    [10, 2],
    [-1, 1],
    [11, 1],
  ])
  assert.deepEqual(
    [...hours.dirty].sort((a, b) => a - b),
    [-1, 10, 11],
  )
  assert.equal(hours.rows.get(10)?.[2], 2 * batch.amounts[0][0])
})

test('an aggregate by names has each number of its row', () => {
  const rows = Float64Array.from({ length: 2 * WIDTH }, (_, i) => i)
  rows[2 * WIDTH - 1] = 0
  const found = aggregateAt(rows, WIDTH)
  assert.equal(found.msisdn, 22)
  assert.equal(found.trafficBytes, 26 + 27)
  assert.deepEqual(found.applications[6], { name: 'Other', downlinkBytes: 40, uplinkBytes: 41 })
  assert.equal(found.firstStartMs, 42)
  assert.equal(found.lastEndMs, null)
})
