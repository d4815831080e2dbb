// The days by which times are shifted: the last one is then on the wanted day of the zone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shiftOf } from '../../src/parquet/shift.ts'

for (const [name, last, wanted, zone, days, lastDay] of [
  ['to a later day', '2019-04-30T23:59:59Z', '2026-01-31', 'UTC', 2468, '2019-04-30'],
  ['to an earlier day', '2026-01-31T00:00:00Z', '2019-04-30', 'UTC', -2468, '2026-01-31'],
  ['to the same day', '2026-01-31T12:00:00Z', '2026-01-31', 'UTC', 0, '2026-01-31'],
  // 23:30 UTC is the next day in Tokyo.
  ['by the day of the zone', '2026-01-30T23:30:00Z', '2026-02-01', 'Asia/Tokyo', 1, '2026-01-31'],
  // 23:30 in winter is 00:30 in summer: one day less.
  [
    'over a change of clocks',
    '2026-01-31T22:30:00Z',
    '2026-07-02',
    'Europe/Paris',
    151,
    '2026-01-31',
  ],
] as const) {
  test(name, () => {
    assert.deepEqual(shiftOf(Date.parse(last), wanted, zone), { days, lastDay, newDay: wanted })
    const shifted = new Date(Date.parse(last) + days * 86_400_000)
    const day = shifted.toLocaleDateString('sv-SE', { timeZone: zone })
    assert.equal(day, wanted)
  })
}
