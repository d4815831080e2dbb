// Takes the README's pictures of the live page, from a demo run to its end: npm run screenshots
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { withBrowser } from '../test/browser.ts'

interface Picture {
  file: string
  view: string
  colorScheme: 'light' | 'dark'
  /** The last panel of the picture. */
  last: string
}

const PICTURES: Picture[] = [
  { file: 'page.png', view: 'overview', colorScheme: 'light', last: 'scatter' },
  { file: 'page-dark.png', view: 'applications', colorScheme: 'dark', last: 'leaders-1' },
]

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url))
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))
const WIDTH = 1280
/** Space below the last panel, in CSS pixels. */
const MARGIN = 8
/** The time that animations take to end. */
const SETTLE_MS = 1500

/** Runs `body` with the address of a new demo; ends the demo and deletes its state afterwards. */
async function withDemo(body: (url: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'screenshots-'))
  const options = ['--state', join(directory, 'state'), '--speed', 'max', '--port', '0']
  const demo = spawn(process.execPath, [CLI, 'demo', ...options, '--snapshot-interval', '1s'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(demo, 'exit')
  try {
    for await (const line of createInterface({ input: demo.stderr })) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
      if (url === undefined) continue
      await body(url)
      return
    }
    throw new Error('The demo ended before it printed the address of its page.')
  } finally {
    demo.kill()
    await ended
    await rm(directory, { recursive: true })
  }
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const { file, view, colorScheme, last } = picture
  const page = await browser.newPage({ colorScheme, viewport: { width: WIDTH, height: 1000 } })
  await page.goto(`${url}/#/${view}`)
  await page.getByText(/^all .* rows read$/).waitFor({ timeout: 120_000 })
  await page.locator(`#${last} canvas`).waitFor()
  await page.waitForTimeout(SETTLE_MS)
  const box = await page.locator(`#${last}-panel`).boundingBox()
  const height = Math.ceil(box!.y + box!.height + MARGIN)
  await page.screenshot({
    path: join(DOCS, file),
    fullPage: true,
    clip: { x: 0, y: 0, width: WIDTH, height },
  })
  await page.close()
}

await withDemo(async (url) => {
  await withBrowser(async (browser) => {
    for (const picture of PICTURES) await take(browser, url, picture)
  })
})
