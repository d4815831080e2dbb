// Opens the page in a browser for tests, and records its errors and requests.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { seededRandom } from '../../../src/random.ts'
import { APPLICATIONS } from '../../../src/record/columns.ts'
import { startServer, type RunningServer } from '../../../src/serve/server.ts'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import { generateSnapshot, standIn, type Recipe, type StandIn } from '../fixture.ts'

/** Short intervals, so that a test does not wait long. */
export const LIVE = { progressIntervalMs: 20, retryMs: 50 }

/** A page of a test, and what it recorded. */
export interface Watched {
  page: Page
  /** Console errors, exceptions and violations of the content security policy. */
  troubles: string[]
  /** URLs that the page requested. */
  requests: string[]
}

/** A new page at `url`, `width` pixels wide. */
export async function open(
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
  await page.exposeFunction('reportViolation', (what: string) => troubles.push(what))
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => " +
      "window.reportViolation(event.violatedDirective + ' ' + event.blockedURI))",
  )
  await page.goto(url)
  return { page, troubles, requests }
}

/** Runs `body` with a server of a stand-in pipeline. */
export async function withPipeline(
  body: (server: RunningServer, pipeline: StandIn) => Promise<void>,
): Promise<void> {
  const pipeline = standIn()
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live: LIVE })
  try {
    await body(server, pipeline)
  } finally {
    await server.close()
  }
}

/**
 * Waits until an expression holds. Not Playwright's waitForFunction, which evaluates
 * inside the page at its second attempt: the content security policy of the page forbids that.
 */
export async function until(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate<boolean>(expression))) await page.waitForTimeout(20)
}

/** Names of the charts that can be seen and whose canvas shows nothing. */
async function blankCharts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('.chart')].filter((chart) => {
    if (chart.clientWidth === 0) return false
    const canvas = chart.querySelector('canvas')
    if (canvas === null) return true
    const { width, height } = canvas
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, width, height)
    return !data.some((value, index) => index % 4 === 3 && value > 0)
  }).map((chart) => chart.id)`)
}

/** Waits until every chart that can be seen shows something. */
export async function drawn(page: Page): Promise<void> {
  while ((await blankCharts(page)).length > 0) await page.waitForTimeout(20)
}

/** Pixels by which the page is wider than its window. */
export const overWidth = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** The cells of the table of a panel as text, row by row, opened first where it is closed. */
export async function tableCells(page: Page, panel: string): Promise<string[][]> {
  const rows = page.locator(`#${panel}-table tbody tr`)
  if (!(await page.locator(`#${panel}-table`).isVisible())) {
    await page.locator(`#${panel}-panel summary`).click()
  }
  await rows.first().waitFor()
  return page.evaluate<string[][]>(
    `[...document.querySelectorAll('#${panel}-table tbody tr')].map((row) =>
      [...row.children].map((cell) => cell.textContent))`,
  )
}

const HOUR_MS = 3_600_000

/**
 * A generated snapshot with three days of hours, and records at an unknown time. As in files, Total
 * DL leaves out Other DL.
 */
export function snapshotWithHours(recipe: Recipe): Snapshot {
  const random = seededRandom(11)
  const starts = Array.from({ length: 72 }, (_, hour) => Date.UTC(2019, 3, 1) + hour * HOUR_MS)
  const hours = [null, ...starts].map((startMs) => {
    const applications = APPLICATIONS.map((_, at) => ({
      downlinkBytes: Math.round(random() * 10 ** (6 + (at % 4))),
      uplinkBytes: Math.round(random() * 10 ** (5 + (at % 4))),
    }))
    return {
      startMs,
      records: 30,
      sessions: 29,
      durationMs: 9e7,
      downlinkBytes: 7e9,
      uplinkBytes: 6e8,
      applications,
    }
  })
  const snapshot = generateSnapshot(recipe)
  const other = snapshot.applications.at(-1)!.downlinkBytes
  return {
    ...snapshot,
    downlinkBytes: snapshot.downlinkBytes - other,
    trafficBytes: snapshot.trafficBytes - other,
    hours,
  }
}
