// The page in a real browser: it draws the values of the API, live, and requests nothing else.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Page } from 'playwright-core'
import { startServer } from '../../../src/serve/server.ts'
import { parseTokens } from '../../../src/serve/http/tokens.ts'
import { METRICS } from '../../../src/snapshot/metrics.ts'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import { withBrowser } from '../../browser.ts'
import { consuming, generateConsumer, generatePartition, generatePartitions } from '../consumer.ts'
import {
  CANARY_MSISDN,
  generateProgress,
  generateSnapshot,
  published,
  standIn,
} from '../fixture.ts'
import {
  drawn,
  LIVE,
  open,
  overWidth,
  snapshotWithHours,
  tableCells,
  until,
  withPipeline,
} from './open.ts'

const totals = (page: Page): Promise<number[]> =>
  page.evaluate("[...document.querySelectorAll('#totals data')].map((data) => Number(data.value))")

test('draws every chart, equals the API, and requests nothing else', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      pipeline.publish(published(snapshotWithHours({ number: 1 })))
      pipeline.report(generateProgress(75_000))
      const { page, troubles, requests } = await open(browser, server.url)
      await page.waitForSelector('body[data-view=live]')
      await until(page, "document.getElementById('rows').textContent !== ''")
      await until(page, "document.querySelectorAll('.chart canvas').length === 7")
      await drawn(page)

      const snapshot = (await (await fetch(`${server.url}/api/v1/snapshot`)).json()) as Snapshot
      const rejected = Object.values(snapshot.rejected).reduce((sum, rows) => sum + rows, 0)
      assert.deepEqual(await totals(page), [
        snapshot.subscribers,
        snapshot.records,
        ...METRICS.map((metric) => snapshot[metric]),
        rejected,
      ])
      const ranked = await tableCells(page, 'top')
      assert.deepEqual(
        ranked.map(([, msisdn]) => msisdn),
        snapshot.top.trafficBytes.map(({ msisdn }) => String(msisdn)),
      )
      assert.equal(await page.textContent('#segment-sizes-lead'), snapshot.segments.text)
      assert.ok((await page.textContent('#elbow-lead'))?.startsWith(snapshot.elbow.text))
      assert.match((await page.textContent('#rows')) ?? '', /75,000 of 150,001/)

      for (const chart of ['top', 'applications', 'hours', 'centroids', 'elbow']) {
        await page.locator(`#${chart} canvas`).hover()
        await page.locator(`#${chart} .tip`).waitFor({ state: 'visible' })
      }
      await page.emulateMedia({ colorScheme: 'dark' })
      await drawn(page)
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
      assert.equal((await tableCells(page, 'top')).length, 4)
      const kept = "[...document.querySelectorAll('canvas')].every((canvas) => canvas.wasThere)"
      assert.equal(await page.evaluate(kept), true)
      assert.deepEqual(troubles, [])
    })
  })
})

test('a snapshot without subscribers is not an error', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      const empty = generateSnapshot({ number: 0, subscribers: 0, segmentNames: [] })
      const elbow = { k: [], inertia: [], knee: null, text: 'There are no subscribers.' }
      pipeline.publish(published({ ...empty, elbow, positions: [], rejected: {}, missing: {} }))
      const { page, troubles } = await open(browser, server.url)
      await page.waitForSelector('body[data-view=live]')
      assert.equal(await page.textContent('#total-subscribers'), '0')
      assert.deepEqual(troubles, [])
    })
  })
})

test('reports a lost connection, and continues when it is back', async () => {
  await withBrowser(async (browser) => {
    const pipeline = standIn()
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const first = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live: LIVE })
    const { page } = await open(browser, first.url)
    await page.waitForSelector('body[data-view=live][data-link=open]')
    await first.close()
    await page.waitForSelector('body[data-link=lost]')
    assert.match((await page.textContent('#notice')) ?? '', /reconnecting/)
    assert.equal(await page.textContent('#state'), 'no connection')
    assert.equal(await page.textContent('#rate'), '')
    const port = Number(new URL(first.url).port)
    const second = await startServer(pipeline.view, { host: '127.0.0.1', port, live: LIVE })
    try {
      await page.waitForSelector('body[data-link=open]')
      assert.equal(await page.textContent('#notice'), '')
      const next = generateSnapshot({ number: 2, seed: 3, subscribers: 700 })
      pipeline.publish(published(next))
      await until(page, `document.getElementById('total-records').value === '${next.records}'`)
      assert.match((await page.textContent('body')) ?? '', /Top 10 by traffic/)
    } finally {
      await second.close()
    }
  })
})

test('shows the progress of the topic, and in red why the pipeline is not ready', async () => {
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
      assert.equal(await overWidth(page), 0)

      const caughtUp = [generatePartition(0, { endOffset: 5000 })]
      pipeline.report(consuming(generateConsumer(caughtUp)))
      await alert.waitFor({ state: 'hidden' })
      assert.match((await page.textContent('#topic')) ?? '', / · no lag · /)
      assert.deepEqual(troubles, [])
    })
  })
})

test('works with a token that the browser has as a password', async () => {
  const pipeline = standIn()
  const password = 'a-token-of-a-browser'
  const tokens = parseTokens(`${password} read`, 'tokens')
  const server = await startServer(pipeline.view, {
    host: '127.0.0.1',
    port: 0,
    live: LIVE,
    tokens,
  })
  try {
    await withBrowser(async (browser) => {
      pipeline.publish(published(generateSnapshot({ number: 1 })))
      pipeline.report(generateProgress(1000))
      const httpCredentials = { username: 'me', password }
      const { page, troubles } = await open(browser, server.url, 1280, { httpCredentials })
      await page.waitForSelector('body[data-view=live][data-link=open]')
      await page.goto(`${server.url}/#/pipeline`)
      await page.getByText(/equals End - Start in seconds/).waitFor()
      assert.deepEqual(troubles, [])
    })
  } finally {
    await server.close()
  }
})
