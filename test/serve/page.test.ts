// The page in a real browser: it draws what the API says, live, and asks no one else.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { startServer, type RunningServer } from '../../src/serve/server.ts'
import { parseTokens } from '../../src/serve/tokens.ts'
import { withBrowser } from '../browser.ts'
import { consuming, generateConsumer, generatePartition, generatePartitions } from './consumer.ts'
import {
  CANARY_MSISDN,
  generateProgress,
  generateSnapshot,
  published,
  standIn,
  type StandIn,
} from './fixture.ts'

/** Quick to tell and to reconnect, so that a test waits for little. */
const live = { progressIntervalMs: 20, retryMs: 50 }

interface Watched {
  page: Page
  /** Console errors, exceptions and violations of the content security policy. */
  troubles: string[]
  /** Everything the page asked for. */
  requests: string[]
}

async function open(
  browser: Browser,
  url: string,
  width = 1280,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, ...options })
  const troubles: string[] = []
  const requests: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text())
  })
  page.on('pageerror', (error) => troubles.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  await page.exposeFunction('tellViolation', (what: string) => troubles.push(what))
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => " +
      "window.tellViolation(event.violatedDirective + ' ' + event.blockedURI))",
  )
  await page.goto(url)
  return { page, troubles, requests }
}

async function withPipeline(body: (server: RunningServer, pipeline: StandIn) => Promise<void>) {
  const pipeline = standIn()
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live })
  try {
    await body(server, pipeline)
  } finally {
    await server.close()
  }
}

/** Names of the charts whose canvas shows nothing. */
async function blankCharts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('.chart')].filter((chart) => {
    const canvas = chart.querySelector('canvas')
    if (canvas === null) return true
    const { width, height } = canvas
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, width, height)
    return !data.some((value, index) => index % 4 === 3 && value > 0)
  }).map((chart) => chart.id)`)
}

/**
 * Waits until an expression holds. Not Playwright's waitForFunction: asked a second time it
 * evaluates inside of the page, which the page's content security policy forbids.
 */
async function until(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate<boolean>(expression))) await page.waitForTimeout(20)
}

const totals = (page: Page): Promise<number[]> =>
  page.evaluate("[...document.querySelectorAll('#totals data')].map((data) => Number(data.value))")

test('draws every chart, equals the API, and asks nobody else', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      pipeline.publish(published(generateSnapshot({ number: 1 })))
      pipeline.report(generateProgress(75_000))
      const { page, troubles, requests } = await open(browser, server.url)
      await page.waitForSelector('body[data-view=live] #segments-table table')
      await until(page, "document.getElementById('rows').textContent !== ''")
      await until(page, "document.querySelectorAll('.chart canvas').length === 7")
      while ((await blankCharts(page)).length > 0) await page.waitForTimeout(20)

      const snapshot = (await (await fetch(`${server.url}/api/v1/snapshot`)).json()) as ReturnType<
        typeof generateSnapshot
      >
      const refused = Object.values(snapshot.refused).reduce((sum, rows) => sum + rows, 0)
      assert.deepEqual(await totals(page), [
        snapshot.subscribers,
        snapshot.records,
        snapshot.sessions,
        snapshot.durationMs,
        snapshot.downlinkBytes,
        snapshot.uplinkBytes,
        refused,
      ])
      const ranked = await page.locator('#top-traffic-table td:nth-child(2)').allTextContents()
      assert.deepEqual(
        ranked,
        snapshot.top.trafficBytes.map(({ msisdn }) => String(msisdn)),
      )
      assert.equal(await page.textContent('#segments-lead'), snapshot.segments.text)
      assert.equal(await page.textContent('#elbow-lead'), snapshot.elbow.text)
      assert.match((await page.textContent('#rows')) ?? '', /75,000 of 150,001/)

      for (const chart of ['top-sessions', 'applications', 'centroids', 'elbow']) {
        await page.locator(`#${chart} canvas`).hover()
        await page.locator(`#${chart} .tip`).waitFor({ state: 'visible' })
      }
      await page.emulateMedia({ colorScheme: 'dark' })
      assert.deepEqual(await blankCharts(page), [])
      assert.deepEqual(troubles, [])
      assert.deepEqual(
        requests.filter((url) => !url.startsWith(`${server.url}/`)),
        [],
      )
      for (const url of requests.filter((each) => !each.includes('/api/'))) {
        const source = await (await fetch(url)).text()
        assert.ok(!source.includes(String(CANARY_MSISDN)), url)
      }
    })
  })
})

test('waits for the first snapshot, then follows each one in the same charts', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const { page, troubles } = await open(browser, server.url)
      await page.waitForSelector('body[data-link=open]')
      assert.ok(await page.getByText('Waiting for the first snapshot').isVisible())
      assert.ok(await page.locator('.charts').isHidden())

      pipeline.publish(published(generateSnapshot({ number: 1 })))
      await page.waitForSelector('body[data-view=live] #applications canvas')
      assert.ok(await page.getByText('Waiting for the first snapshot').isHidden())
      await page.evaluate(
        "document.querySelectorAll('canvas').forEach((canvas) => (canvas.wasThere = true))",
      )
      const second = generateSnapshot({ number: 2, seed: 7, subscribers: 900, top: 4 })
      pipeline.publish(published(second))
      await until(page, `document.getElementById('total-records').value === '${second.records}'`)
      const rows = await page.locator('#top-sessions-table tbody tr').count()
      assert.equal(rows, 4)
      const kept = "[...document.querySelectorAll('canvas')].every((canvas) => canvas.wasThere)"
      assert.equal(await page.evaluate(kept), true)
      assert.deepEqual(troubles, [])
    })
  })
})

test('nothing to show is shown as nothing, not as an error', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const empty = generateSnapshot({ number: 0, subscribers: 0, segmentNames: [] })
      const elbow = { k: [], inertia: [], knee: null, text: 'There are no subscribers.' }
      pipeline.publish(published({ ...empty, elbow, positions: [], refused: {}, missing: {} }))
      const { page, troubles } = await open(browser, server.url)
      await page.waitForSelector('body[data-view=live]')
      assert.equal(await page.textContent('#total-subscribers'), '0')
      assert.deepEqual(troubles, [])
    })
  })
})

test('says when the connection is lost, and when it is back', async () => {
  await withBrowser(async (browser) => {
    const pipeline = standIn()
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const first = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live })
    const { page } = await open(browser, first.url)
    await page.waitForSelector('body[data-view=live][data-link=open]')
    await first.close()
    await page.waitForSelector('body[data-link=lost]')
    assert.match((await page.textContent('#notice')) ?? '', /reconnecting/)
    const port = Number(new URL(first.url).port)
    const second = await startServer(pipeline.view, { host: '127.0.0.1', port, live })
    try {
      await page.waitForSelector('body[data-link=open]')
      assert.equal(await page.textContent('#notice'), '')
    } finally {
      await second.close()
    }
  })
})

test('says where the topic stands, and in red why the pipeline is not ready', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const consumer = generateConsumer(generatePartitions(2))
      pipeline.publish(published(generateSnapshot({ number: 1 })))
      pipeline.report(generateProgress(1000))
      const { page, troubles } = await open(browser, server.url, 390)
      await page.waitForSelector('body[data-view=live][data-link=open]')
      assert.ok(await page.locator('#topic').isHidden())
      assert.ok(await page.locator('#not-ready').isHidden())

      pipeline.report(consuming(consumer))
      await page.locator('#topic').waitFor({ state: 'visible' })
      assert.equal(
        await page.textContent('#topic'),
        'Topic xdr · 2 of 12 partitions · lag 2,000 records, 13 s behind · member of its group',
      )
      assert.equal(await page.textContent('#rows'), '5,000 rows read')
      assert.ok(await page.locator('#not-ready').isHidden())

      const gap = generatePartition(1, { gap: true, stopped: 'offsets 3 to 9 were deleted' })
      const partitions = [generatePartition(0), gap]
      pipeline.report(consuming({ ...consumer, partitions, member: false }))
      const alert = page.getByRole('alert')
      await alert.waitFor({ state: 'visible' })
      assert.match((await alert.textContent()) ?? '', /^Not ready: .*offsets 3 to 9 were deleted/)
      assert.match((await page.textContent('#topic')) ?? '', /not a member of its group$/)
      const over = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      assert.equal(await page.evaluate(over), 0)

      const caughtUp = [generatePartition(0, { endOffset: 5000 })]
      pipeline.report(consuming(generateConsumer(caughtUp)))
      await alert.waitFor({ state: 'hidden' })
      assert.match((await page.textContent('#topic')) ?? '', / · no lag · /)
      assert.deepEqual(troubles, [])
    })
  })
})

test('works with a token that the browser was given as a password', async () => {
  const pipeline = standIn()
  const password = 'a-token-of-a-browser'
  const tokens = parseTokens(`${password} read`, 'tokens')
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live, tokens })
  try {
    await withBrowser(async (browser) => {
      pipeline.publish(published(generateSnapshot({ number: 1 })))
      pipeline.report(generateProgress(1000))
      const httpCredentials = { username: 'me', password }
      const { page, troubles } = await open(browser, server.url, 1280, { httpCredentials })
      await page.waitForSelector('body[data-view=live][data-link=open] #segments-table table')
      await until(page, "document.getElementById('quality').textContent.includes('seconds')")
      assert.deepEqual(troubles, [])
    })
  } finally {
    await server.close()
  }
})

test('fits a phone, and can be used from the keyboard', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      pipeline.publish(published(generateSnapshot({ number: 1 })))
      const { page, troubles } = await open(browser, server.url, 390)
      await page.waitForSelector('body[data-view=live] #segments-table table')
      const over = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      assert.equal(await page.evaluate(over), 0)

      await page.keyboard.press('Tab')
      assert.equal(await page.evaluate('document.activeElement.className'), 'skip')
      const summary = page.locator('#top-sessions ~ details summary')
      await summary.focus()
      await page.keyboard.press('Enter')
      assert.ok(await page.locator('#top-sessions-table table').isVisible())
      const unnamed = `[...document.querySelectorAll('[role=img], table, section')].filter(
        (each) => !each.hasAttribute('aria-label') && !each.hasAttribute('aria-labelledby'),
      ).length`
      assert.equal(await page.evaluate(unnamed), 0)
      assert.deepEqual(troubles, [])
    })
  })
})
