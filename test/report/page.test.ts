// The report as a page: complete, reproducible to the byte, safe with any name, without network.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test, { describe } from 'node:test'
import { APPLICATIONS } from '../../src/record/columns.ts'
import { applicationColour, SEGMENT_COLOURS, segmentColour } from '../../src/report/palette.ts'
import { columnsDrawing, ticksUpTo } from '../../src/report/charts.ts'
import { reportPage, type ReportInput } from '../../src/report/page.ts'
import { METRICS } from '../../src/snapshot/metrics.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import { bytesText } from '../../src/snapshot/units.ts'
import { withBrowser } from '../browser.ts'
import { withDirectory } from '../state-directory.ts'
import { CANARY_MSISDN, generateSnapshot } from '../serve/fixture.ts'

const HOUR_MS = 3_600_000

/** A snapshot with traffic in the hours of two days, some of it at an unknown time. */
function snapshotWithHours(): Snapshot {
  const snapshot = generateSnapshot({ number: 7 })
  const starts = [
    null,
    ...Array.from({ length: 48 }, (_, at) => Date.UTC(2026, 2, 1) + at * HOUR_MS),
  ]
  const hours = starts.map((startMs, at) => ({
    startMs,
    records: 10 + at,
    sessions: 10,
    durationMs: HOUR_MS,
    downlinkBytes: 7e9 * (at + 1),
    uplinkBytes: 7e8,
    applications: APPLICATIONS.map((_, application) => ({
      downlinkBytes: 1e9 * (application + 1),
      uplinkBytes: 1e8,
    })),
  }))
  return { ...snapshot, hours }
}

const inputOf = (snapshot: Snapshot, mask = false): ReportInput => ({
  snapshot,
  hash: 'ab'.repeat(32),
  stamp: { format: 2, partitions: 3, timeZone: 'UTC' },
  seed: 11,
  version: '0.1.0',
  mask,
})

const textOf = (html: string): string =>
  html.replaceAll(/<style>[^]*?<\/style>|<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')

describe('the page of a report', () => {
  test('describes segments, elbow, applications and data quality in words', () => {
    const snapshot = snapshotWithHours()
    const text = textOf(reportPage(inputOf(snapshot)))
    assert.ok(text.includes(snapshot.segments.text))
    assert.ok(text.includes(snapshot.elbow.text))
    assert.match(text, /has the most traffic: [\d.]+ [A-Z]B, [\d.]+% of all application traffic/)
    const rejected = Object.values(snapshot.rejected).reduce((sum, count) => sum + count, 0)
    const rows = (snapshot.records + rejected).toLocaleString('en-US')
    assert.ok(text.includes(`Of ${rows} rows, ${snapshot.records.toLocaleString('en-US')} (`))
    assert.match(text, /holds seconds/)
    const [{ evidence }] = snapshot.positions
    assert.ok(evidence !== '' && text.includes(`seconds ${evidence} `), 'evidence of the unit')
    assert.match(text, /from 1 March 2026 to 2 March 2026/)
  })

  test('distinguishes traffic of applications from totals', () => {
    const whole = snapshotWithHours()
    const snapshot = { ...whole, trafficBytes: whole.trafficBytes / 2 }
    const html = reportPage(inputOf(snapshot))
    const part = (id: string): string =>
      textOf(html.slice(html.indexOf(`<section id="${id}"`)).split('</section>')[0])
    const all = bytesText(snapshot.applications.reduce((sum, each) => sum + each.trafficBytes, 0))
    const total = bytesText(snapshot.trafficBytes)
    const measured = `Sum of the application columns: ${all}; sum of the Total columns: ${total}.`
    for (const id of ['applications', 'hours']) assert.ok(part(id).includes(measured), id)
    assert.match(part('quality'), /Total DL leaves out Other DL/)
    for (const each of [all, total]) assert.ok(part('quality').includes(`(${each})`), each)
    // Seven applications: 1 to 7 GB down, 0.1 GB up each.
    assert.match(part('hours'), /with 28.7 GB of application traffic in 10 sessions/)
  })

  test('shows method, parameters, positions and the hash of the state', () => {
    const snapshot = snapshotWithHours()
    const text = textOf(reportPage(inputOf(snapshot)))
    for (const part of ['k-means', 'min-max', 'ab'.repeat(32), 'timeZone UTC', 'seed 11']) {
      assert.ok(text.includes(part), part)
    }
    assert.ok(text.includes(String(snapshot.segments.inertia)))
    assert.match(text, /xdr\.parquet f1e2d3c4 file 0 150,000 150,001/)
  })

  test('shows every top list', () => {
    const snapshot = snapshotWithHours()
    const html = reportPage(inputOf(snapshot))
    for (const metric of METRICS) {
      for (const { msisdn } of snapshot.top[metric]) assert.ok(html.includes(`>${msisdn}<`))
    }
  })

  test('shows the last three digits of a masked MSISDN', () => {
    const html = reportPage(inputOf(snapshotWithHours(), true))
    assert.ok(!html.includes(String(CANARY_MSISDN)))
    assert.ok(html.includes('>••••••••999<'))
  })

  test('is the same to the byte for the same state', () => {
    assert.equal(reportPage(inputOf(snapshotWithHours())), reportPage(inputOf(snapshotWithHours())))
  })

  test('reports that there are no subscribers, without invalid numbers', () => {
    const empty = generateSnapshot({ number: 1, subscribers: 0, segmentNames: [] })
    const html = reportPage(
      inputOf({
        ...empty,
        positions: [],
        elbow: { k: [], inertia: [], knee: null, text: 'None.' },
      }),
    )
    assert.match(textOf(html), /There are no subscribers yet/)
    assert.doesNotMatch(html, /NaN|Infinity|undefined/)
  })

  test('escapes the name of a file', () => {
    const snapshot = snapshotWithHours()
    const name = '<script>alert("1")</script>&.parquet'
    const positions = snapshot.positions.map((position) => ({ ...position, name }))
    const html = reportPage(inputOf({ ...snapshot, positions }))
    assert.doesNotMatch(html, /<script/)
    assert.ok(html.includes('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;.parquet'))
  })
})

test('applications have distinct colours, as have the first segments', () => {
  assert.equal(new Set(APPLICATIONS.map(applicationColour)).size, APPLICATIONS.length)
  const levels = SEGMENT_COLOURS.map((_, level) => segmentColour(level))
  assert.equal(new Set(levels).size, levels.length)
  assert.equal(segmentColour(levels.length), levels[0])
})

test('ticks are round, begin at 0 and reach beyond the largest value', () => {
  for (const most of [1e-9, 0.3, 1, 7, 99, 100, 12_345, 4.4e13]) {
    const ticks = ticksUpTo(most)
    assert.equal(ticks[0], 0)
    assert.ok(ticks[ticks.length - 1] >= most && ticks.length <= 7, `${most}: ${ticks.join()}`)
  }
  assert.deepEqual(ticksUpTo(0), [0, 1])
})

test('labels below any number of columns touch neither each other nor the edge', () => {
  for (const width of [340, 720]) {
    for (let days = 1; days <= 62; days++) {
      const columns = Array.from({ length: days }, (_, day) => ({
        label: `${day + 1} Apr`,
        parts: [],
      }))
      const { content } = columnsDrawing(columns, width, { axis: String })
      const found = [...content.matchAll(/x="([\d.]+)"[^>]*text-anchor="middle">(\d+ Apr)</g)]
      const ends = found.map(([, x, { length }]) => [
        Number(x) - 3.5 * length,
        Number(x) + 3.5 * length,
      ])
      assert.ok(ends.length > 0 && ends.at(-1)![1] <= width)
      const touching = ends.filter(([left], at) => at > 0 && left < ends[at - 1][1])
      assert.deepEqual(touching, [], `${days} days at ${width}`)
    }
  }
})

test('a browser shows it without a request, an error or an overlong line', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'report.html')
    await writeFile(file, reportPage(inputOf(snapshotWithHours())))
    await withBrowser(async (browser) => {
      for (const [width, drawn] of [
        [1280, 'wide'],
        [360, 'narrow'],
      ] as const) {
        const page = await browser.newPage({ viewport: { width, height: 800 } })
        const troubles: string[] = []
        const requests: string[] = []
        page.on('console', (message) => troubles.push(message.text()))
        page.on('pageerror', (error) => troubles.push(error.message))
        page.on('request', (request) => requests.push(request.url()))
        const url = pathToFileURL(file).href
        await page.goto(url)
        assert.deepEqual([requests, troubles], [[url], []])
        const over = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
        assert.equal(await page.evaluate(over), 0)
        const shown = `[...document.querySelectorAll('svg')].filter((svg) => svg.checkVisibility())`
        const kinds = await page.evaluate(`${shown}.map((svg) => svg.getAttribute('class'))`)
        assert.deepEqual(
          kinds,
          Array.from({ length: 8 }, () => drawn),
        )
        const outside = `${shown}.flatMap((svg) => [...svg.querySelectorAll('text')].filter((text) => {
          const [box, own] = [svg.getBoundingClientRect(), text.getBoundingClientRect()]
          return own.left < box.left - 2 || own.right > box.right + 2
        }).map((text) => text.textContent))`
        assert.deepEqual(await page.evaluate(outside), [])
        const levels = "[...document.querySelectorAll('h1,h2,h3')].map((each) => each.tagName)"
        assert.equal((await page.evaluate<string[]>(levels))[0], 'H1')
        await page.close()
      }
    })
  }))
