// The order of subscribers by MSISDN, and those that come more than once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { orderOf } from '../../src/snapshot/merge.ts'
import { firstFrom, rosterOf } from '../../src/snapshot/roster.ts'
import { createKeptColumns, keepColumns } from '../../src/snapshot/scan.ts'

/** Numbers in a row, and the place of the MSISDN, as literals. */
const WIDTH = 22
const MSISDN = 0

test('an MSISDN in several partitions is counted once, in whatever order rows come', () => {
  const msisdns = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 100 })
  fc.assert(
    fc.property(msisdns, (list) => {
      const kept = createKeptColumns()
      const row = new Float64Array(WIDTH)
      for (const msisdn of list) {
        row[MSISDN] = 33_600_000_000 + msisdn
        keepColumns(kept, row, 1)
      }
      const times = new Map<number, number>()
      for (const msisdn of list) times.set(msisdn, (times.get(msisdn) ?? 0) + 1)
      const expected = [...times.values()].filter((count) => count > 1).length
      const { split, starts } = orderOf(kept)
      assert.equal(split, expected)
      assert.equal(starts?.length ?? list.length + 1, times.size + 1)
      const roster = rosterOf(kept)
      const sorted = list.map((msisdn) => 33_600_000_000 + msisdn).sort((a, b) => a - b)
      assert.deepEqual([...roster.columns.msisdn], sorted)
      for (const msisdn of [...sorted, 1, 1e12]) {
        const first = sorted.findIndex((each) => each >= msisdn)
        assert.equal(firstFrom(roster, msisdn), first < 0 ? sorted.length : first)
      }
    }),
  )
})
