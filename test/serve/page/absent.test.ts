// Columns that the data lacks: the page states it in place of their numbers, and draws none.
import assert from 'node:assert/strict'
import test from 'node:test'
import { APPLICATIONS } from '../../../src/record/columns.ts'
import { withBrowser } from '../../browser.ts'
import { withoutColumns } from '../absent.ts'
import { CANARY_MSISDN, canaryView, generateProgress, published } from '../fixture.ts'
import { open, snapshotWithHours, tableCells, until, withPipeline } from './open.ts'

const NOT = 'not in the data'

test('numbers of absent columns are not in the data, on every view', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const snapshot = withoutColumns(snapshotWithHours({ number: 1 }))
      pipeline.publish(published(snapshot))
      pipeline.report(generateProgress(75_000))
      pipeline.know(canaryView(snapshot))
      const { page, troubles } = await open(browser, `${server.url}/#/overview?top=sessions`)
      await page.waitForSelector('body[data-view=live][data-link=open]')
      const show = (hash: string): Promise<unknown> => page.evaluate(`location.hash = '#/${hash}'`)
      const leadOf = async (panel: string): Promise<string> =>
        (await page.textContent(`#${panel}-lead`)) ?? ''
      const rowOf = async (panel: string, name: string): Promise<string[]> =>
        (await tableCells(page, panel)).find(([first]) => first === name)!.slice(1)

      assert.equal(await page.textContent('#total-sessions'), NOT)
      await until(page, `document.querySelector('#top-lead').textContent !== ''`)
      assert.equal(await leadOf('top'), 'Not in the data: Sessions.')
      assert.match(await leadOf('applications'), / Not in the data: Netflix\.$/)
      assert.equal((await rowOf('applications', 'Google'))[0], NOT)
      assert.deepEqual(await rowOf('applications', 'Netflix'), Array(5).fill(NOT))
      assert.match(await leadOf('hours'), / Not in the data: Netflix\.$/)
      assert.equal(await leadOf('scatter'), 'Not in the data: Sessions.')
      const [, hour] = await tableCells(page, 'hours')
      // Hour, records, five metrics, then the applications.
      assert.equal(hour[2], NOT)
      assert.deepEqual(
        APPLICATIONS.filter((_, at) => hour[7 + at] === NOT),
        ['Netflix'],
      )

      await show('time?traffic=downlinkBytes')
      await until(page, `document.querySelector('#hours-lead').textContent.includes('Google')`)
      assert.match(await leadOf('hours'), / Not in the data: Google, Netflix\.$/)
      const rhythm = (await tableCells(page, 'rhythm')).map(([name]) => name)
      assert.deepEqual(
        rhythm,
        APPLICATIONS.filter((name) => name !== 'Google' && name !== 'Netflix'),
      )
      await show('time?app=Netflix')
      await until(page, `document.querySelector('#days-lead').textContent.includes('Not in')`)
      assert.match(await leadOf('days'), / Not in the data: Netflix\.$/)

      await show('segments')
      assert.match(await leadOf('segments'), / Not in the data: Sessions\.$/)
      const metrics = new Set((await tableCells(page, 'segments')).map(([, metric]) => metric))
      assert.equal(metrics.has('Sessions'), false)

      await show('subscribers')
      assert.equal(await leadOf('distribution-sessions'), 'Not in the data: Sessions.')
      assert.equal((await rowOf('quantiles', 'mean'))[0], NOT)

      await show(`subscriber?msisdn=${CANARY_MSISDN}`)
      await page.locator('#subscriber-lead', { hasText: 'As of' }).waitFor()
      assert.deepEqual(await rowOf('subscriber', 'Sessions'), [NOT, ''])
      assert.deepEqual(await rowOf('used', 'Netflix'), [NOT, NOT])
      assert.equal((await rowOf('used', 'Google'))[0], NOT)
      assert.deepEqual(troubles, [])
    })
  })
})
