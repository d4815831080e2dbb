// Columns that the data lacks: the report states it in place of their numbers.
import assert from 'node:assert/strict'
import test from 'node:test'
import { APPLICATION_TABLE, DIRECTIONS } from '../../src/record/columns.ts'
import { reportPage } from '../../src/report/page.ts'
import { applicationWords, hourWords } from '../../src/report/words.ts'
import { zoneOf } from '../../src/report/zone.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import { withoutColumns } from '../serve/absent.ts'
import { snapshotWithHours } from '../serve/page/open.ts'

const pageOf = (snapshot: Snapshot): string =>
  reportPage({
    snapshot,
    hash: 'ab'.repeat(32),
    stamp: { format: 2, partitions: 3, timeZone: 'UTC' },
    seed: 11,
    version: '0.1.0',
    mask: false,
  })

/** The part of a page that begins at an element. */
const sectionOf = (page: string, id: string): string =>
  page.split('<section ').find((part) => part.startsWith(`id="${id}"`)) ?? ''

const ABSENT = withoutColumns(snapshotWithHours({ number: 7 }))

test('an application that is not in the data is in no chart, and named in the tables', () => {
  const page = pageOf(ABSENT)
  for (const id of ['applications', 'hours']) {
    const part = sectionOf(page, id)
    assert.match(part, /YouTube<\/(text|span|li)>/, id)
    assert.doesNotMatch(part, /Netflix<\/(text|span|li)>/, id)
    assert.match(part, /not in the data/, id)
    // Google has upload only, so no table has 0 as its download.
    assert.doesNotMatch(part, /<td[^>]*>0 bytes</, id)
  }
  const words = applicationWords(ABSENT).join(' ')
  assert.doesNotMatch(words, /Netflix|under 0\.1%|[^\d.]0%/)
})

test('sessions that are not in the data are in no table and no sentence', () => {
  const page = pageOf(ABSENT)
  for (const id of ['segments', 'distribution', 'top']) {
    assert.doesNotMatch(sectionOf(page, id), />Sessions</, id)
  }
  assert.doesNotMatch(page, /[^\d]0 sessions/)
  assert.match(hourWords(ABSENT, zoneOf('UTC'))[0], /of application traffic in 30 records\./)
})

test('without application columns no chart is drawn, and the busiest hour shows total traffic', () => {
  const columns = APPLICATION_TABLE.flatMap(({ column }) =>
    DIRECTIONS.map(({ way }) => `${column} ${way} (Bytes)`),
  )
  const none = { downlinkBytes: 0, uplinkBytes: 0, trafficBytes: 0, share: 0, subscribers: 0 }
  const snapshot: Snapshot = {
    ...ABSENT,
    notInData: columns,
    topApplications: [],
    applications: ABSENT.applications.map((each) => ({ ...each, ...none, top: [] })),
    hours: ABSENT.hours.map((hour) => ({
      ...hour,
      applications: hour.applications.map(() => ({ downlinkBytes: 0, uplinkBytes: 0 })),
    })),
  }
  const page = pageOf(snapshot)
  for (const id of ['applications', 'hours']) {
    const part = sectionOf(page, id)
    assert.match(part, /Traffic of applications is not in the data/)
    assert.doesNotMatch(part, /<svg|>0 bytes</, id)
  }
  assert.match(hourWords(snapshot, zoneOf('UTC'))[0], /with 7\.6 GB of traffic in /)
  assert.doesNotMatch(page, /NaN|Infinity/)
})
