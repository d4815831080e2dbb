// The live page over https: scripts, charts and the live stream work as over http.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { makeCertificates } from '../../../scripts/kafka/certificates.ts'
import { startServer } from '../../../src/serve/server.ts'
import { withBrowser } from '../../browser.ts'
import { withDirectory } from '../../state-directory.ts'
import { published, standIn } from '../fixture.ts'
import { drawn, LIVE, open, snapshotWithHours, until } from './open.ts'

test('the page follows the live stream over https', () =>
  withDirectory(async (directory) => {
    const files = await makeCertificates(directory)
    const [key, cert] = [files.key, files.cert].map((file) => readFileSync(file, 'utf8'))
    const pipeline = standIn()
    pipeline.publish(published(snapshotWithHours({ number: 1 })))
    const options = { host: '127.0.0.1', port: 0, live: LIVE, certificate: { key, cert } }
    const server = await startServer(pipeline.view, options)
    try {
      await withBrowser(async (browser) => {
        const insecure = { ignoreHTTPSErrors: true }
        const { page, troubles, requests } = await open(browser, server.url, 1280, insecure)
        await page.waitForSelector('body[data-view=live][data-link=open]')
        await drawn(page)
        const next = snapshotWithHours({ number: 2, seed: 5 })
        pipeline.publish(published(next))
        await until(page, `document.getElementById('total-records').value === '${next.records}'`)
        assert.deepEqual(troubles, [])
        for (const url of requests) assert.match(url, /^https:/)
      })
    } finally {
      await server.close()
    }
  }))
