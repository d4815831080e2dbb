// Quantiles are exact, and histograms count every value between its edges.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distributionOf } from '../../src/snapshot/distribution.ts'
import { quantilesOf } from '../../src/snapshot/quantile.ts'
import { fitScale, scaled, unscaled } from '../../src/snapshot/scale.ts'
import { SCALINGS } from '../../src/snapshot/metrics.ts'

const value = fc.oneof(
  fc.constantFrom(0, 1, 2, 2 ** 53 - 1),
  fc.nat(50),
  fc.integer({ min: 0, max: 2 ** 45 }),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
)
const values = fc.array(value, { maxLength: 300, size: 'max' })

test('quantiles are nearest ranks of the sorted values', () => {
  fc.assert(
    fc.property(values, fc.array(fc.integer({ min: 0, max: 100 })), (list, percents) => {
      const sorted = list.toSorted((a, b) => a - b)
      const expected = percents.map((percent) => {
        // The smallest value that at least this share of values does not exceed.
        const at = sorted.findIndex((_, index) => (index + 1) * 100 >= percent * list.length)
        return sorted[at] ?? 0
      })
      assert.deepEqual(quantilesOf(Float64Array.from(list), percents), expected)
    }),
  )
})

test('histograms count every value once, between its edges', () => {
  fc.assert(
    fc.property(values, (list) => {
      const total = list.reduce((sum, each) => sum + each, 0)
      const { min, max, mean, linear, log } = distributionOf(Float64Array.from(list), total)
      assert.equal(min, list.length === 0 ? 0 : Math.min(...list))
      assert.equal(max, Math.max(0, ...list))
      assert.equal(mean, list.length === 0 ? 0 : total / list.length)
      for (const { edges, counts } of [linear, log]) {
        assert.equal(edges.length, counts.length + 1)
        assert.deepEqual(counts, naiveCounts(list, edges))
      }
      assert.equal(linear.counts.length, list.length === 0 ? 0 : 30)
    }),
  )
})

function naiveCounts(list: readonly number[], edges: readonly number[]): number[] {
  return edges.slice(1).map((upper, bin) => {
    const isLast = bin === edges.length - 2
    return list.filter((each) => each >= edges[bin] && (each < upper || (isLast && each === upper)))
      .length
  })
}

test('log bins are zero and then steps of 1, 2, 5', () => {
  const { log } = distributionOf(Float64Array.from([0, 0, 3, 40, 50]), 93)
  assert.deepEqual(log, { edges: [0, 2, 5, 10, 20, 50, 100], counts: [2, 1, 0, 0, 1, 1] })
  const zeros = distributionOf(Float64Array.from([0, 0]), 0)
  assert.deepEqual(zeros.log, { edges: [0, 1], counts: [2] })
})

test('scaling maps extremes, deviation or quartiles as defined, and back', () => {
  const list = Float64Array.from([3, 1, 4, 1, 5, 9, 2, 6])
  const range = fitScale(list, 'min-max')
  assert.deepEqual([scaled(1, range), scaled(9, range)], [0, 1])
  const standard = Array.from(list, (each) => scaled(each, fitScale(list, 'z-score')))
  assert.ok(Math.abs(standard.reduce((sum, each) => sum + each, 0)) < 1e-12)
  assert.ok(Math.abs(standard.reduce((sum, each) => sum + each ** 2, 0) / 8 - 1) < 1e-12)
  const robust = fitScale(list, 'robust')
  assert.equal(scaled(3, robust), 0)
  assert.equal(scaled(5, robust) - scaled(1, robust), 1)
  for (const each of list)
    assert.ok(Math.abs(unscaled(scaled(each, robust), robust) - each) < 1e-12)
})

test('a constant feature scales to 0 and back to itself', () => {
  for (const scaling of SCALINGS) {
    const scale = fitScale(Float64Array.from([0.1, 0.1, 0.1]), scaling)
    assert.equal(scaled(0.1, scale), 0)
    assert.equal(unscaled(0, scale), 0.1)
  }
})

test('robust scaling uses the range when the quartiles are equal', () => {
  const scale = fitScale(Float64Array.from([1, 1, 1, 1, 1, 1, 1, 5]), 'robust')
  assert.deepEqual([scaled(1, scale), scaled(5, scale)], [0, 1])
})
