// Opens the dashboards of a real Grafana with the shipped provisioning in a browser.
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { withBrowser } from '../browser.ts'
import { start } from '../e2e/command.ts'
import { ROOT } from '../source-tree.ts'
import { committed } from './dashboards.ts'
import { answering, freePort } from './prometheus.ts'

const STARTS_WITHIN_MS = 120_000
const DRAWN_WITHIN_MS = 30_000
/** So tall that all panels are visible: Grafana loads a panel when it becomes visible. */
const VIEWPORT = { width: 1600, height: 4000 }

/** Opens each dashboard in Chromium; fails on a panel without data or with an error. */
export async function openDashboards(
  home: string,
  directory: string,
  prometheusUrl: string,
): Promise<void> {
  const provisioning = await provision(directory, prometheusUrl)
  const port = await freePort()
  const running = start(join(home, 'bin', 'grafana'), ['server', '--homepath', home], {
    env: {
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
      GF_PATHS_DATA: join(directory, 'grafana'),
      GF_PATHS_LOGS: join(directory, 'grafana-logs'),
      GF_PATHS_PROVISIONING: provisioning,
      GF_AUTH_ANONYMOUS_ENABLED: 'true',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_NEWS_NEWS_FEED_ENABLED: 'false',
    },
  })
  try {
    const url = `http://127.0.0.1:${port}`
    await answering(`${url}/api/health`, STARTS_WITHIN_MS)
    await withBrowser(async (browser) => {
      for (const { uid, title } of committed()) await look(browser, `${url}/d/${uid}`, title)
    })
  } finally {
    running.process.kill('SIGKILL')
    await running.ended
  }
}

/** Copies the shipped folder and replaces both addresses. */
async function provision(directory: string, prometheusUrl: string): Promise<string> {
  const folder = join(directory, 'provisioning')
  await cp(join(ROOT, 'grafana', 'provisioning'), folder, { recursive: true })
  const replace = async (file: string, from: string, to: string): Promise<void> => {
    const path = join(folder, file)
    const text = await readFile(path, 'utf8')
    assert.ok(text.includes(from), `${file} names ${from}`)
    await writeFile(path, text.replace(from, to))
  }
  await replace('datasources/prometheus.yaml', 'http://prometheus:9090', prometheusUrl)
  const dashboards = join(ROOT, 'grafana', 'dashboards')
  await replace('dashboards/xdr-pulse.yaml', '/etc/grafana/dashboards', dashboards)
  return folder
}

async function look(browser: Browser, url: string, title: string): Promise<void> {
  const page = await browser.newPage({ viewport: VIEWPORT })
  try {
    await page.goto(`${url}?from=now-1m&to=now&kiosk`)
    await page.getByText('Health', { exact: true }).first().waitFor({ timeout: DRAWN_WITHIN_MS })
    await page.waitForLoadState('networkidle', { timeout: DRAWN_WITHIN_MS })
    const empty = await page.getByText('No data', { exact: true }).count()
    const broken = await page.locator('[data-testid="data-testid Panel status error"]').count()
    assert.deepEqual({ title, empty, broken }, { title, empty: 0, broken: 0 })
  } finally {
    await page.close()
  }
}
