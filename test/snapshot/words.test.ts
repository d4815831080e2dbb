// The texts of a snapshot: names of segments, units, the knee.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenK, elbowOf, kneeOf } from '../../src/snapshot/elbow.ts'
import { byEngagement, segmentNames } from '../../src/snapshot/segment-text.ts'
import { bytesText, countText, durationText, shareText } from '../../src/snapshot/units.ts'
import { snapshotOf, subscriber } from './subscribers.ts'

test('the names of segments depend on their number', () => {
  assert.deepEqual(segmentNames(1), ['all'])
  assert.deepEqual(segmentNames(2), ['low', 'high'])
  assert.deepEqual(segmentNames(3), ['low', 'medium', 'high'])
  assert.deepEqual(segmentNames(4), ['very low', 'low', 'high', 'very high'])
  assert.deepEqual(segmentNames(6).slice(4), ['level 5', 'level 6'])
  assert.deepEqual(segmentNames(10).slice(8), ['level 09', 'level 10'])
})

test('engagement is the sum of scaled coordinates, ties by centroid, then by index', () => {
  assert.deepEqual(byEngagement(Float64Array.from([3, 0, 1, 2, 0, 1, 1, 2]), 4, 2), [2, 1, 3, 0])
})

test('numbers have units that people read', () => {
  assert.equal(bytesText(0), '0 bytes')
  assert.equal(bytesText(1_530_000_000), '1.53 GB')
  assert.equal(bytesText(999_999), '1 MB')
  assert.equal(durationText(9_000_000), '2.5 h')
  assert.equal(durationText(59 * 60_000), '59 min')
  assert.equal(durationText(45_000), '45 s')
  assert.equal(durationText(212 * 3_600_000), '212 h')
  assert.equal(durationText(1_234_567 * 3_600_000), '1,234,567 h')
  assert.equal(shareText(0.1234), '12.3%')
  assert.equal(shareText(0.00001), 'under 0.1%')
  assert.equal(countText(1, 'subscriber'), '1 subscriber')
  assert.equal(countText(1234567, 'subscriber'), '1,234,567 subscribers')
})

test('report, terminal and page show durations in the same units', async () => {
  // @ts-expect-error A module for browsers: tsc checks it with the page, not with the tests.
  const { hours } = (await import('../../src/serve/page/format.js')) as {
    hours: (ms: number) => string
  }
  for (let ms = 0; ms < 1e12; ms = Math.ceil(ms * 1.37) + 500) {
    const [own, page] = [durationText(ms), hours(ms)].map((text) => text.split(' '))
    assert.equal(page[1], own[1], `${ms} ms`)
    assert.equal(Number(page[0].replaceAll(',', '')), Number(own[0].replaceAll(',', '')))
  }
})

test('the knee is the point farthest below the chord', () => {
  assert.equal(kneeOf([1, 2, 3, 4, 5], [100, 40, 10, 5, 0]), 3)
  assert.equal(kneeOf([1, 2, 3, 4, 5], [100, 75, 50, 25, 0]), null)
  assert.equal(kneeOf([1, 2, 3], [0, 0, 0]), null)
  assert.equal(kneeOf([], []), null)
  assert.equal(chosenK('auto', 4), 4)
  assert.equal(chosenK('auto', null), 1)
  assert.equal(chosenK(7, 4), 7)
})

test('the text of the elbow has the share that its knee explains', () => {
  const { text } = elbowOf([100, 20, 15, 10])
  assert.match(text, /bends at 2 segments: they explain 80\.0%.*only 5\.0%/)
})

test('the segments are described with their sizes and in units', () => {
  const subscribers = Array.from({ length: 10 }, (_, at) =>
    subscriber(at + 1, at < 8 ? 2 : 40, at < 8 ? 60_000 : 7_200_000, at < 8 ? 1e6 : 2e9),
  )
  assert.equal(
    snapshotOf(subscribers, { k: 2 }).segments.text,
    '10 subscribers fall into 2 segments. ' +
      'Low: 8 subscribers (80%), on average 2 sessions, 1 min online and 1 MB of traffic. ' +
      'High: 2 subscribers (20%), on average 40 sessions, 2 h online and 2 GB of traffic. ' +
      'The most engaged segment, 20% of subscribers, carries 99.8% of the traffic.',
  )
})
