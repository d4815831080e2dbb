// The order of subscribers by MSISDN, and those that come more than once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countRepeated, orderByMsisdn } from '../../src/snapshot/order.ts'
import { createKeptColumns, keepColumns, type Scan } from '../../src/snapshot/scan.ts'

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
      const scan = kept as Scan
      const times = new Map<number, number>()
      for (const msisdn of list) times.set(msisdn, (times.get(msisdn) ?? 0) + 1)
      const expected = [...times.values()].filter((count) => count > 1).length
      assert.equal(countRepeated(scan, orderByMsisdn(scan)), expected)
    }),
  )
})
