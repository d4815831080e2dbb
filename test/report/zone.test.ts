// Days and hours of the report are those of the state's time zone, across clock changes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { reportPage } from '../../src/report/page.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import { bytesText } from '../../src/snapshot/units.ts'
import { snapshotWithHours } from '../serve/page/open.ts'

const HOUR_MS = 3_600_000

const trafficOf = ({ applications }: Snapshot['hours'][number]): number =>
  applications.reduce((sum, each) => sum + each.downlinkBytes + each.uplinkBytes, 0)

/** The report of `count` hours from `fromMs` on: its text, and the rows of traffic over time. */
function report(
  timeZone: string,
  fromMs: number,
  count: number,
): { text: string; rows: string[][]; hours: Snapshot['hours']; html: string } {
  const snapshot = snapshotWithHours({ number: 1 })
  const [, some] = snapshot.hours
  const hours = Array.from({ length: count }, (_, index) => ({
    ...some,
    startMs: fromMs + index * HOUR_MS,
    // The last hour is the busiest.
    downlinkBytes: 1e9 * (index + 1),
    applications: some.applications.map(() => ({
      downlinkBytes: 1e6 * (index + 1),
      uplinkBytes: 0,
    })),
  }))
  const html = reportPage({
    snapshot: { ...snapshot, hours },
    hash: 'ab'.repeat(32),
    stamp: { timeZone },
    seed: 1,
    version: '0.1.0',
    mask: false,
  })
  const [, body] = /<caption>Traffic by (?:day|hour) [^]*?<tbody>([^]*?)<\/tbody>/.exec(html)!
  const rows = body
    .split('</tr>')
    .slice(0, -1)
    .map((row) => [...row.matchAll(/>([^<>]+)<\/t[hd]>/g)].map(([, cell]) => cell))
  return { text: html.replaceAll(/<[^>]+>/g, ''), rows, hours, html }
}

const sumText = (hours: Snapshot['hours']): string =>
  bytesText(hours.reduce((sum, hour) => sum + trafficOf(hour), 0))

test('days begin at midnight of the zone', () => {
  const { text, rows, hours } = report('Africa/Tunis', Date.UTC(2019, 3, 1, 23), 24 * 10)
  assert.match(text, /from 2 April 2019 to 11 April 2019/)
  assert.match(text, /The busiest hour began on 11 April 2019, 23:00 \(Africa\/Tunis\)/)
  assert.match(text, /Traffic by day \(Africa\/Tunis\)/)
  assert.equal(rows.length, 10)
  for (const [day, row] of rows.entries()) {
    assert.deepEqual(
      [row[0], row.at(-1)],
      [`${day + 2} Apr`, sumText(hours.slice(24 * day, 24 * day + 24))],
    )
  }
})

test('an hour that occurs twice is shown twice, and once by hour of the day', () => {
  const { rows, hours, html } = report('Europe/Paris', Date.UTC(2019, 9, 26, 22), 6)
  assert.deepEqual(
    rows.map(([hour]) => hour),
    ['00:00', '01:00', '02:00', '02:00', '03:00', '04:00'].map((time) => `27 Oct, ${time}`),
  )
  assert.deepEqual(
    rows.map((row) => row.at(-1)),
    hours.map((hour) => sumText([hour])),
  )
  const both = bytesText(
    hours[2].applications[0].downlinkBytes + hours[3].applications[0].downlinkBytes,
  )
  assert.ok(html.includes(`<title>2:00, Email: ${both}</title>`))
})

test('hours that begin at half past are labelled with their minutes', () => {
  const { text, rows } = report('Asia/Kolkata', Date.UTC(2019, 3, 1, 18), 3)
  assert.equal(rows[0][0], '1 Apr, 23:30')
  assert.equal(rows[1][0], '2 Apr, 00:30')
  assert.match(text, /0:30/)
  assert.match(text, /times in Asia\/Kolkata/)
})

test('west of Greenwich a day ends later than in UTC', () => {
  const { rows } = report('America/St_Johns', Date.UTC(2019, 0, 2, 3), 2)
  assert.deepEqual(
    rows.map(([hour]) => hour),
    ['1 Jan, 23:30', '2 Jan, 00:30'],
  )
})
