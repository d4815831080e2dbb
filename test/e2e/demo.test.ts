// `demo` serves page, API and metrics, and they agree.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { METRICS } from '../../src/snapshot/metrics.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import { withBrowser } from '../browser.ts'
import { withDirectory } from '../state-directory.ts'
import { withPulse, type Running } from './command.ts'

/** A day in about a second. */
const SMALL = ['--rows', '5000', '--subscribers', '500', '--days', '1', '--speed', '86400']
const QUICK = ['--port', '0', '--snapshot-interval', '200ms', '--commit-interval', '100ms']

interface Demo {
  running: Running
  url: string
}

/** Runs `work` with a demo that has applied all rows and still serves. */
const withDemo = (work: (demo: Demo) => Promise<void>): Promise<void> =>
  withDirectory((directory) =>
    withPulse(['demo', '--state', `${directory}/state`, ...SMALL, ...QUICK], async (running) => {
      const [, url] = await running.prints(/API and metrics at (http:\/\/127\.0\.0\.1:\d+)/)
      await running.prints(/all rows are applied; serving at/)
      await work({ running, url })
    }),
  )

test('prints its address and a summary, answers requests, and ends on SIGTERM', () =>
  withDemo(async ({ running, url }) => {
    await running.prints(/^totals$[^]*^segment [^]*^rank /m)
    for (const path of ['/healthz', '/readyz', '/api/v1/status', '/']) {
      assert.equal((await fetch(url + path)).status, 200, path)
    }
    const snapshot = (await (await fetch(`${url}/api/v1/snapshot`)).json()) as Snapshot
    const metrics = await (await fetch(`${url}/metrics`)).text()
    assert.match(
      metrics,
      new RegExp(`^xdrpulse_snapshot_subscribers ${snapshot.subscribers}$`, 'm'),
    )
    const applied = `xdrpulse_records_total{source="parquet",outcome="applied"}`
    assert.ok(metrics.includes(`${applied} ${snapshot.records}\n`))
    const rejected = Object.values(snapshot.rejected).reduce((sum, rows) => sum + rows, 0)
    assert.equal(snapshot.records + rejected, 5000)

    running.process.kill('SIGTERM')
    const { code, stderr } = await running.ended
    assert.equal(code, 0, stderr)
    await assert.rejects(fetch(`${url}/healthz`), 'nothing listens on the port')
  }))

test('the page shows the totals of the API, without errors or warnings in the console', () =>
  withDemo(({ url }) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage()
      const troubles: string[] = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) troubles.push(message.text())
      })
      page.on('pageerror', (error) => troubles.push(error.message))
      await page.goto(url)
      await page.waitForSelector('body[data-view=live] #totals data')
      const snapshot = (await (await fetch(`${url}/api/v1/snapshot`)).json()) as Snapshot
      const shown = await page.evaluate<number[]>(
        "[...document.querySelectorAll('#totals data')].map((data) => Number(data.value))",
      )
      const rejected = Object.values(snapshot.rejected).reduce((sum, rows) => sum + rows, 0)
      assert.deepEqual(shown, [
        snapshot.subscribers,
        snapshot.records,
        ...METRICS.map((metric) => snapshot[metric]),
        rejected,
      ])
      await page.locator('#top-panel summary').click()
      await page.waitForSelector('#top-table tbody tr')
      const busiest = await page.locator('#top-table td:nth-child(2)').allTextContents()
      assert.deepEqual(
        busiest,
        snapshot.top.trafficBytes.map(({ msisdn }) => String(msisdn)),
      )
      assert.deepEqual(troubles, [])
    }),
  ))
