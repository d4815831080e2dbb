// Accessibility of every view, the API's description and the report: axe finds no problem, the
// keyboard suffices, a phone is wide enough.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { reportPage } from '../../../src/report/page.ts'
import { withBrowser } from '../../browser.ts'
import { CANARY_MSISDN, canaryView, generateProgress, published } from '../fixture.ts'
import { drawn, open, overWidth, snapshotWithHours, until, withPipeline } from './open.ts'

const AXE = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const VIEWS = ['overview', 'subscribers', 'applications', 'time', 'segments', 'pipeline'] as const
const ALL = [...VIEWS, 'subscriber', `subscriber?msisdn=${CANARY_MSISDN}`]

interface Violation {
  id: string
  nodes: { html: string }[]
}

/** Violations that axe finds on the page as it is, one line each. */
async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate<Violation[]>(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
  )
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
}

test('axe finds no problem in any view, wide and narrow, light and dark', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const snapshot = snapshotWithHours({ number: 1 })
      pipeline.publish(published(snapshot))
      pipeline.report(generateProgress(75_000))
      pipeline.know(canaryView(snapshot))
      for (const [width, colorScheme] of [
        [1280, 'light'],
        [390, 'dark'],
      ] as const) {
        const { page, troubles } = await open(browser, server.url, width, { colorScheme })
        await page.waitForSelector('body[data-view=live][data-link=open]')
        await page.evaluate(AXE)
        for (const view of ALL) {
          await page.evaluate(`location.hash = '#/${view}'`)
          await until(page, `document.body.dataset.shown === '${view.split('?')[0]}'`)
          await drawn(page)
          assert.deepEqual(await violations(page), [], `${view} at ${width}, ${colorScheme}`)
          assert.equal(await overWidth(page), 0, `${view} at ${width}`)
        }
        assert.deepEqual(troubles, [])
      }
    })
  })
})

/** Opens a page in each width and colour scheme, opens all details, and runs axe. */
async function accessible(
  browser: Browser,
  name: string,
  show: (page: Page) => Promise<unknown>,
): Promise<void> {
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
      await show(page)
      await page.evaluate(
        "document.querySelectorAll('details').forEach((each) => (each.open = true))",
      )
      await page.evaluate(AXE)
      assert.deepEqual(await violations(page), [], `${name} at ${width}, ${colorScheme}`)
      assert.equal(await overWidth(page), 0, `${name} at ${width}`)
      await page.close()
    }
  }
}

test('axe finds no problem in the description of the API', async () => {
  await withPipeline(async (server) => {
    await withBrowser((browser) =>
      accessible(browser, '/api', (page) => page.goto(`${server.url}/api`)),
    )
  })
})

test('axe finds no problem in the report', async () => {
  const html = reportPage({
    snapshot: snapshotWithHours({ number: 1 }),
    hash: 'ab'.repeat(32),
    stamp: { partitions: 3, timeZone: 'Europe/Paris' },
    seed: 11,
    version: '0.1.0',
    mask: false,
  })
  await withBrowser((browser) => accessible(browser, 'report', (page) => page.setContent(html)))
})

test('a focused link keeps the focus while the figures change', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const first = snapshotWithHours({ number: 1 })
      pipeline.publish(published(first))
      const { page } = await open(browser, server.url)
      await page.waitForSelector('body[data-view=live]')
      await page.locator('#top-panel summary').click()
      await page.locator('#top-table a').first().focus()
      const next = snapshotWithHours({ number: 2, seed: 5, top: 4 })
      pipeline.publish(published(next))
      await until(page, `document.getElementById('total-records').value === '${next.records}'`)
      const [leader] = first.top.trafficBytes
      const focused = await page.evaluate('document.activeElement.textContent')
      assert.equal(focused, String(leader.msisdn))
      assert.equal(await page.locator('#top-table tbody tr').count(), 10)
      await page.locator('#top-panel summary').focus()
      await until(page, "document.querySelectorAll('#top-table tbody tr').length === 4")
    })
  })
})

test('a link in a table moves the focus to the heading, and results are announced', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const snapshot = snapshotWithHours({ number: 1 })
      pipeline.publish(published(snapshot))
      pipeline.know(canaryView(snapshot))
      const { page } = await open(browser, server.url, 390)
      await page.waitForSelector('body[data-view=live]')
      const heights = `[...document.querySelectorAll('.tool, summary')]
        .map((each) => each.getBoundingClientRect().height).filter((height) => height > 0)`
      assert.ok(Math.min(...(await page.evaluate<number[]>(heights))) >= 24)

      await page.locator('#top-panel summary').click()
      await page.locator('#top-table a').first().focus()
      await page.keyboard.press('Enter')
      const announced = (hasText: string): Promise<void> =>
        page.getByRole('status').filter({ hasText }).waitFor({ timeout: 5000 })
      await announced('There is no subscriber with this MSISDN.')
      const [leader] = snapshot.top.trafficBytes
      const focused = await page.evaluate('document.activeElement.textContent')
      assert.equal(focused, `Subscriber ${leader.msisdn}`)

      await page.locator('#msisdn').fill(String(CANARY_MSISDN))
      await page.keyboard.press('Enter')
      await announced('As of ')
    })
  })
})

test('everything is usable by keyboard', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const snapshot = snapshotWithHours({ number: 1 })
      pipeline.publish(published(snapshot))
      pipeline.know(canaryView(snapshot))
      const { page, troubles } = await open(browser, server.url, 390)
      await page.waitForSelector('body[data-view=live]')
      const { keyboard } = page

      await keyboard.press('Tab')
      assert.equal(await page.evaluate('document.activeElement.id'), 'skip')
      await keyboard.press('Enter')
      assert.equal(await page.evaluate('document.activeElement.id'), 'figures')

      await page.locator('#msisdn').focus()
      await keyboard.type(String(CANARY_MSISDN))
      await keyboard.press('Enter')
      await page.getByText(`Subscriber ${CANARY_MSISDN}`).waitFor()

      await page.getByRole('link', { name: 'Segments' }).focus()
      await keyboard.press('Enter')
      await page.locator('#scatter canvas').waitFor()
      await page.locator('#scatter-panel input[value=log]').focus()
      await keyboard.press('ArrowRight')
      await until(page, "location.hash === '#/segments?axes=linear'")
      await page.locator('#elbow-panel summary').focus()
      await keyboard.press('Enter')
      await page.locator('#elbow-table table').waitFor()
      assert.deepEqual(troubles, [])
    })
  })
})
