// Every view of the page: its numbers and files are the API's, its choices are in the address.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import type { Page } from 'playwright-core'
import { APPLICATIONS } from '../../../src/record/columns.ts'
import { FEATURES, labelOf, METRICS } from '../../../src/snapshot/metrics.ts'
import type { Snapshot } from '../../../src/snapshot/schema.ts'
import { withBrowser } from '../../browser.ts'
import { NOT_SPELLINGS, spellingsOf } from '../../record/spellings.ts'
import { CANARY_MSISDN, canaryView, generateProgress, published } from '../fixture.ts'
import { drawn, open, snapshotWithHours, tableCells, until, withPipeline } from './open.ts'

type Body = (page: Page, snapshot: Snapshot, url: string) => Promise<void>

/** The page at an address, with the snapshot of the API; it must not have reported an error. */
async function at(hash: string, body: Body): Promise<void> {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      pipeline.publish(published(snapshotWithHours({ number: 1 })))
      pipeline.report(generateProgress(75_000))
      const reply = await fetch(`${server.url}/api/v1/snapshot`)
      const snapshot = (await reply.json()) as Snapshot
      pipeline.know(canaryView(snapshot))
      const { page, troubles, requests } = await open(browser, `${server.url}/${hash}`)
      await page.waitForSelector('body[data-view=live][data-link=open]')
      await drawn(page)
      await body(page, snapshot, server.url)
      assert.deepEqual(troubles, [])
      assert.deepEqual(
        requests.filter((url) => !url.startsWith(server.url) && !url.startsWith('blob:')),
        [],
      )
    })
  })
}

/** Saves the table of a panel as CSV; the lines without quotes as fields. */
async function csv(page: Page, panel: string): Promise<string[][]> {
  const waiting = page.waitForEvent('download')
  await page.locator(`#${panel}-panel button`, { hasText: 'CSV' }).click()
  const path = await (await waiting).path()
  const text = await readFile(path, 'utf8')
  return text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','))
}

const numbers = (rows: string[][], column: number): number[] =>
  rows.slice(1).map((row) => Number(row[column]))

test('the choices of applications and metrics are those of the tables', async () => {
  await at('#/segments', async (page) => {
    const texts = (panel: string): Promise<string[]> =>
      page.locator(`#${panel}-panel select`).first().locator('option').allTextContents()
    assert.deepEqual(await texts('hours'), ['All', ...APPLICATIONS])
    assert.deepEqual(await texts('scatter'), FEATURES.map(labelOf))
    assert.deepEqual(new Set(await texts('top')), new Set(METRICS.map(labelOf)))
  })
})

test('traffic of applications is distinguished from totals wherever it is shown', async () => {
  // @ts-expect-error A module for browsers: tsc checks it with the page, not with the tests.
  const { bytes } = (await import('../../../src/serve/page/format.js')) as {
    bytes: (value: number) => string
  }
  await at('#/time', async (page, snapshot) => {
    const sum = (key: 'downlinkBytes' | 'uplinkBytes' | 'trafficBytes'): number =>
      snapshot.applications.reduce((all, each) => all + each[key], 0)
    const measured = (key: 'downlinkBytes' | 'trafficBytes'): string =>
      `Sum of the application columns: ${bytes(sum(key))}; ` +
      `sum of the Total columns: ${bytes(snapshot[key])}.`
    assert.notEqual(bytes(sum('trafficBytes')), bytes(snapshot.trafficBytes))
    const lead = async (panel: string): Promise<string> =>
      (await page.textContent(`#${panel}-lead`)) ?? ''
    for (const panel of ['applications', 'hours', 'days']) {
      assert.ok((await lead(panel)).includes(measured('trafficBytes')), panel)
    }
    await page.locator('#hours-panel input[value=downlinkBytes]').check({ force: true })
    await page.locator('#hours-lead', { hasText: measured('downlinkBytes') }).waitFor()

    const keys = ['downlinkBytes', 'uplinkBytes', 'trafficBytes'] as const
    await page.evaluate("location.hash = '#/pipeline'")
    const measures = (await csv(page, 'measures')).slice(1)
    assert.deepEqual(
      measures.map(([, ...values]) => values.map(Number)),
      keys.map((key) => [snapshot[key], sum(key)]),
    )
    assert.match(await lead('measures'), /Total DL leaves out Other DL/)
  })
})

// In two pages: a browser asks its user before it saves an eleventh file of one page.
test('subscribers: each top list', async () => {
  await at('#/subscribers', async (page, snapshot) => {
    for (const key of Object.keys(snapshot.top) as (keyof Snapshot['top'])[]) {
      await page.locator('#top-panel select').selectOption(key)
      const expected = snapshot.top[key]
      await until(
        page,
        `new URLSearchParams(location.hash.split('?')[1]).get('top') === ${
          key === 'trafficBytes' ? 'null' : `'${key}'`
        }`,
      )
      const saved = await csv(page, 'top')
      assert.deepEqual(
        numbers(saved, 1),
        expected.map(({ msisdn }) => msisdn),
        key,
      )
      assert.deepEqual(
        numbers(saved, 2),
        expected.map(({ value }) => value),
        key,
      )
    }
  })
})

test('subscribers: the distributions in both kinds of bins, and quantiles', async () => {
  await at('#/subscribers', async (page, snapshot) => {
    for (const bins of ['log', 'linear'] as const) {
      await page.locator(`#distribution-sessions-panel input[value=${bins}]`).check({ force: true })
      for (const key of ['sessions', 'durationMs', 'trafficBytes'] as const) {
        const saved = await csv(page, `distribution-${key}`)
        assert.deepEqual(numbers(saved, 0), snapshot.distribution[key][bins].edges.slice(0, -1))
        assert.deepEqual(numbers(saved, 2), snapshot.distribution[key][bins].counts)
      }
    }
    const quantiles = await csv(page, 'quantiles')
    const { min, max, mean, quantiles: at } = snapshot.distribution.durationMs
    assert.deepEqual(numbers(quantiles, 2), [min, ...Object.values(at), max, mean])
  })
})

test('applications: shares, and the top ten of the three most used', async () => {
  await at('#/applications', async (page, { applications, topApplications }) => {
    const ranked = [...applications].sort((a, b) => b.trafficBytes - a.trafficBytes)
    const saved = await csv(page, 'applications')
    assert.deepEqual(
      saved.slice(1).map(([name, , , bytes, share]) => [name, Number(bytes), Number(share)]),
      ranked.map(({ name, trafficBytes, share }) => [name, trafficBytes, share]),
    )
    for (const [rank, name] of topApplications.entries()) {
      const panel = `leaders-${rank + 1}`
      assert.equal(await page.textContent(`#${panel}-title`), `${rank + 1}. ${name}`)
      const { top } = applications.find((each) => each.name === name)!
      assert.deepEqual(
        numbers(await csv(page, panel), 2),
        top.map(({ value }) => value),
      )
    }
  })
})

test('time: hours of an application in a direction, and by hour of the day', async () => {
  await at('#/time?app=YouTube&traffic=uplinkBytes', async (page, { applications, hours }) => {
    const index = applications.findIndex(({ name }) => name === 'YouTube')
    const upload = (hour: Snapshot['hours'][number]): number => hour.applications[index].uplinkBytes
    const saved = await csv(page, 'hours')
    // After the hour, its records and all metrics.
    assert.deepEqual(numbers(saved, 2 + METRICS.length), hours.map(upload))
    assert.equal(saved[1][0], 'not readable')

    const rhythm = (await csv(page, 'rhythm')).find(([name]) => name === 'YouTube')!
    const dayByDay = await csv(page, 'days')
    for (let hour = 0; hour < 24; hour++) {
      const same = hours.filter(
        ({ startMs }) => startMs !== null && new Date(startMs).getUTCHours() === hour,
      )
      const expected = same.map(upload)
      assert.equal(
        Number(rhythm[hour + 1]),
        expected.reduce((sum, each) => sum + each, 0),
      )
      assert.deepEqual(numbers(dayByDay, hour + 1), expected)
    }
  })
})

test('time: lines on a logarithmic axis are neither stacked nor filled', async () => {
  await at('#/time', async (page) => {
    const drawnAs = (): Promise<boolean[][]> =>
      page.evaluate(`import('/vendor/echarts.js').then(({ getInstanceByDom }) =>
        getInstanceByDom(document.getElementById('hours')).getOption().series.map(
          ({ stack, areaStyle }) => [stack != null, areaStyle != null]))`)
    const all = (as: boolean[]): boolean[][] => APPLICATIONS.map(() => as)
    assert.deepEqual(await drawnAs(), all([true, true]))
    await page.locator('#hours-panel input[value=log]').check({ force: true })
    await until(page, "location.hash === '#/time?lines=log'")
    assert.deepEqual(await drawnAs(), all([false, false]))
  })
})

test('segments: sizes, centroids, metrics, the sample, the elbow', async () => {
  await at('#/segments?x=durationMs&y=uplinkBytes', async (page, { segments, elbow }) => {
    assert.deepEqual(
      numbers(await csv(page, 'segment-sizes'), 1),
      segments.segments.map(({ subscribers }) => subscribers),
    )
    const centres = await csv(page, 'centroids')
    for (const [at, { centroid, centroidScaled }] of segments.segments.entries()) {
      const expected = segments.features.flatMap((each) => [centroid[each], centroidScaled[each]])
      assert.deepEqual(centres[at + 1].slice(1).map(Number), expected)
    }
    const amounts = await csv(page, 'segments')
    assert.equal(amounts[2][1], 'Session duration (ms)')
    const expected = segments.segments.flatMap(({ metrics }) => Object.values(metrics))
    assert.deepEqual(
      numbers(amounts, 2),
      expected.map(({ min }) => min),
    )
    assert.deepEqual(
      numbers(amounts, 5),
      expected.map(({ total }) => total),
    )

    const sample = (await csv(page, 'scatter')).filter(([, of]) => of === 'subscriber')
    const drawnOf = segments.segments.flatMap(({ sample: { durationMs, uplinkBytes } }) =>
      durationMs.map((each, at) => [each, uplinkBytes[at]]),
    )
    assert.deepEqual(
      sample.map(([, , x, y]) => [Number(x), Number(y)]),
      drawnOf,
    )
    const curve = await csv(page, 'elbow')
    assert.deepEqual(numbers(curve, 1), elbow.inertia)
    assert.match(curve[elbow.knee!][2], /knee/)
    assert.match((await page.textContent('#elbow-lead')) ?? '', /farthest below the straight line/)
  })
})

test('data and pipeline: rejected rows and reasons, progress of reading', async () => {
  await at('#/pipeline', async (page, snapshot) => {
    for (const kind of ['rejected', 'coerced', 'missing'] as const) {
      const saved = await csv(page, kind)
      assert.deepEqual(
        Object.fromEntries(saved.slice(1).map(([name, count]) => [name, Number(count)])),
        snapshot[kind],
      )
    }
    await page.getByText(/equals End - Start in seconds/).waitFor()
    assert.match((await page.textContent('#sources-lead')) ?? '', /seconds/)
    const figures = new Map(
      (await tableCells(page, 'pipeline')).map(([name, value]) => [name, value]),
    )
    assert.match((await csv(page, 'rates'))[1][0], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    assert.equal(figures.get('Rows read'), '75,000 (of 150,001)')
    assert.match(figures.get('Lag') ?? '', /^75,001 rows/)
    assert.match(figures.get('State directory') ?? '', /^48.0 MB/)
  })
})

test('one subscriber: aggregate, ranks, segment, distances; or a sentence', async () => {
  await at('#/overview', async (page, snapshot) => {
    await page.locator('#msisdn').fill(String(CANARY_MSISDN))
    await page.getByRole('button', { name: 'Look up' }).click()
    await page.getByText(/^As of .* compared with the segments of snapshot 1\.$/).waitFor()
    const { aggregate, distances, segment } = canaryView(snapshot)
    const saved = await csv(page, 'subscriber')
    assert.equal(Number(saved[1][1]), aggregate.sessions)
    assert.deepEqual(
      saved.slice(1, 4).map(([name]) => name),
      ['Sessions', 'Session duration (ms)', 'Traffic (bytes)'],
    )
    assert.deepEqual(numbers(saved, 2), [1, 1, 1, 1, 1])
    assert.deepEqual(
      numbers(await csv(page, 'distances'), 1),
      distances.map(({ distance }) => distance),
    )
    assert.ok(await page.locator('#subscriber-panel').getByText(segment!).isVisible())

    assert.equal(page.url().replace(/.*#/, ''), '/subscriber')
    await page.reload()
    await page.getByText('Enter an MSISDN above').waitFor()
    assert.ok(await page.locator('#distances-panel').isHidden())
  })
})

test('an MSISDN is found in every spelling; an invalid one is not looked up', async () => {
  await at('#/overview', async (page) => {
    const field = page.locator('#msisdn')
    const [, country, rest] = /^(..)(.*)$/.exec(String(CANARY_MSISDN))!
    const overview = (): Promise<unknown> => page.goto(page.url().replace(/#.*/, '#/overview'))
    // The dash of a text program.
    for (const written of [...spellingsOf(CANARY_MSISDN), `+${country}\u2013${rest}`]) {
      await overview()
      await field.fill(written)
      await page.getByRole('button', { name: 'Look up' }).click()
      await until(page, "location.hash === '#/subscriber'")
      await page.getByText(/^As of /).waitFor()
      assert.equal(await field.inputValue(), String(CANARY_MSISDN))
      await overview()
      await page.goto(
        page.url().replace(/#.*/, `#/subscriber?msisdn=${encodeURIComponent(written)}`),
      )
      await page.getByText(/^As of /).waitFor()
      assert.equal(page.url().replace(/.*#/, ''), '/subscriber')
    }
    for (const wrong of [...NOT_SPELLINGS, 'abc', '1+1', '+', '1'.repeat(16)]) {
      await field.fill(wrong)
      assert.equal(await page.evaluate("document.getElementById('msisdn').checkValidity()"), false)
      await overview()
      await page.evaluate(`location.hash = '#/subscriber?msisdn=${encodeURIComponent(wrong)}'`)
      await page.getByText('Enter an MSISDN above').waitFor()
      assert.equal(await field.inputValue(), '')
    }
    assert.equal(await page.locator('#panels button:visible').count(), 0)
  })
})

test('typed text is kept while figures change', async () => {
  await withPipeline(async (server, pipeline) => {
    await withBrowser(async (browser) => {
      pipeline.publish(published(snapshotWithHours({ number: 1 })))
      const { page } = await open(browser, `${server.url}/#/subscriber?msisdn=1`)
      await page.waitForSelector('body[data-view=live]')
      await page.locator('#msisdn').fill('336')
      const next = snapshotWithHours({ number: 2, seed: 5 })
      pipeline.publish(published(next))
      await until(page, `document.getElementById('total-records').value === '${next.records}'`)
      assert.equal(await page.locator('#msisdn').inputValue(), '336')
    })
  })
})

test('the address holds view and choices, back goes back, a chart is saved as PNG', async () => {
  await at('#/segments?x=nothing&axes=linear', async (page, _snapshot, url) => {
    const chosen = (key: string): Promise<string> =>
      page.locator(`#scatter-panel select >> nth=${key === 'x' ? 0 : 1}`).inputValue()
    assert.equal(await chosen('x'), 'sessions')
    assert.ok(await page.locator('#scatter-panel input[value=linear]').isChecked())
    await page.locator('#scatter-panel select >> nth=0').selectOption('downlinkBytes')
    await until(page, "location.hash === '#/segments?x=downlinkBytes&axes=linear'")
    await page.getByRole('link', { name: 'Time' }).click()
    await until(page, "document.body.dataset.shown === 'time'")
    assert.equal(await page.title(), 'Time · xdr-pulse')
    await page.goBack()
    await until(page, "document.body.dataset.shown === 'segments'")
    assert.equal(await chosen('x'), 'downlinkBytes')
    await page.goBack()
    await until(page, "!location.hash.includes('downlinkBytes')")
    assert.equal(await chosen('x'), 'sessions')

    const waiting = page.waitForEvent('download')
    await page.locator('#scatter-panel button', { hasText: 'PNG' }).click()
    const saved = await waiting
    assert.match(saved.suggestedFilename(), /^scatter-.*\.png$/)
    const picture = await readFile(await saved.path())
    assert.equal(picture.subarray(1, 4).toString(), 'PNG')
    assert.ok(picture.readUInt32BE(16) > 800)

    await page.goto(`${url}/?again#/overview`)
    await page.waitForSelector('#applications canvas')
  })
})
