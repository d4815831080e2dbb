// Times on the page are those of the state's zone, in any zone of the reader.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import type { Page } from 'playwright-core'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import { withBrowser } from '../../browser.ts'
import { CANARY_MSISDN, canaryView, generateProgress, published } from '../fixture.ts'
import { drawn, open, snapshotWithHours, tableCells, withPipeline } from './open.ts'

const HOUR_MS = 3_600_000

/** The view of time of a state in `timeZone` whose hours begin at `fromMs`, seen from New York. */
async function at(
  timeZone: string,
  fromMs: number,
  body: (page: Page, hours: Snapshot['hours']) => Promise<void>,
): Promise<void> {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const snapshot = snapshotWithHours({ number: 1 })
      const hours = snapshot.hours
        .slice(1)
        .map((hour, index) => ({ ...hour, startMs: fromMs + index * HOUR_MS }))
      pipeline.view.options = () => ({ timeZone })
      pipeline.publish({ ...published({ ...snapshot, hours }), atMs: Date.UTC(2019, 6, 1, 22) })
      pipeline.report(generateProgress(75_000))
      pipeline.know(canaryView(snapshot))
      const options = { timezoneId: 'America/New_York' }
      const { page, troubles } = await open(browser, `${server.url}/#/time`, 1280, options)
      await page.waitForSelector('body[data-view=live][data-link=open]')
      await drawn(page)
      await body(page, hours)
      assert.deepEqual(troubles, [])
    })
  })
}

/** The columns of a saved table, heads included. */
async function csv(page: Page, panel: string): Promise<string[][]> {
  const waiting = page.waitForEvent('download')
  await page.locator(`#${panel}-panel button`, { hasText: 'CSV' }).click()
  const rows = (await readFile(await (await waiting).path(), 'utf8')).trimEnd().split('\r\n')
  return rows.map((row) => row.split(','))
}

const traffic = ({ applications }: Snapshot['hours'][number]): number =>
  applications.reduce((sum, each) => sum + each.downlinkBytes + each.uplinkBytes, 0)

test('hours that begin at half past are labelled so', async () => {
  await at('Asia/Kolkata', Date.UTC(2019, 3, 1, 18), async (page, hours) => {
    assert.match((await page.textContent('#hours-lead')) ?? '', /\(Asia\/Kolkata\)/)
    const [head, ...rows] = await csv(page, 'hours')
    assert.equal(head[0], 'Hour (Asia/Kolkata)')
    assert.deepEqual(
      rows.slice(0, 2).map(([hour]) => hour),
      ['2019-04-01 23:30 +05:30', '2019-04-02 00:30 +05:30'],
    )
    const [names, first, second] = await csv(page, 'days')
    assert.deepEqual(names.slice(0, 3), ['Date', 'from 00:30 (bytes)', 'from 01:30 (bytes)'])
    assert.deepEqual([first[0], Number(first[24])], ['2019-04-01', traffic(hours[0])])
    assert.deepEqual([second[0], Number(second[1])], ['2019-04-02', traffic(hours[1])])

    await page.locator('#as-of').getByText('of 2019-07-02 03:30:00 Asia/Kolkata').waitFor()
    await page.evaluate(`location.hash = '#/subscriber?msisdn=${CANARY_MSISDN}'`)
    await page.getByText('2019-04-04 05:30:00 Asia/Kolkata').waitFor()
  })
})

test('an hour that occurs twice is distinguished, and summed by hour of the day', async () => {
  await at('Europe/Paris', Date.UTC(2019, 9, 26, 22), async (page, hours) => {
    const named = (await tableCells(page, 'hours')).map(([hour]) => hour)
    assert.deepEqual(named.slice(1, 5), [
      '2019-10-27 01:00 +02:00',
      '2019-10-27 02:00 +02:00',
      '2019-10-27 02:00 +01:00',
      '2019-10-27 03:00 +01:00',
    ])
    const [, first] = await csv(page, 'days')
    assert.equal(first[0], '2019-10-27')
    assert.equal(Number(first[3]), traffic(hours[2]) + traffic(hours[3]))
    assert.equal(Number(first[24]), traffic(hours[24]))
  })
})

test('times are not labelled with a zone that the browser does not know', async () => {
  await at('Mars/Olympus', Date.UTC(2019, 3, 1), async (page) => {
    assert.match((await page.textContent('#hours-lead')) ?? '', /\(UTC\)/)
    assert.equal((await tableCells(page, 'hours'))[0][0], '2019-04-01 00:00')
  })
})
