// The rules of the dashboards: chosen processes, known metrics, correct rates, texts everywhere.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { dashboardFile, DASHBOARDS, dashboardText } from '../../scripts/dashboards.ts'
import { CATALOGUE, PREFIX } from '../../src/serve/metrics/catalogue.ts'
import { committed, drawn, labelsOf } from './dashboards.ts'
import { alerts, filesOf, rulesOf } from './tools.ts'

const CORE = ['timeseries', 'stat', 'bargauge', 'barchart', 'table', 'heatmap', 'state-timeline']
/** `5m` or `1h` in a query would not follow the zoom. */
const RANGES = ['$__rate_interval', '$__range']
/** Metrics of every Prometheus, or of its client library for Node.js. */
const FOREIGN = /^(up|ALERTS|process_\w+|nodejs_\w+)$/
const SELECTOR = /([a-zA-Z_:][\w:]*)\{([^}]*)\}/g
const METRIC = /\b(xdrpulse|process|nodejs)_\w+|\bALERTS\b|\bup\b/g

const HISTOGRAMS = CATALOGUE.filter(({ type }) => type === 'histogram').map(({ name }) => name)
/** The metric of each name that `/metrics` derives from the catalogue. */
const EXPOSED = new Map<string, string>([
  ...CATALOGUE.map(({ name }): [string, string] => [PREFIX + name, name]),
  ...HISTOGRAMS.flatMap((name) =>
    ['bucket', 'sum', 'count'].map((part): [string, string] => [`${PREFIX}${name}_${part}`, name]),
  ),
])

const dashboards = committed()
const queries = dashboards.flatMap((dashboard) =>
  drawn(dashboard).flatMap((panel) =>
    panel.targets.map((target) => ({
      ...target,
      where: `${dashboard.uid}, ${panel.title}: ${target.expr}`,
      type: panel.type,
    })),
  ),
)

test('the files are up to date, else run npm run dashboards', () => {
  assert.equal(dashboards.length, DASHBOARDS.length)
  for (const source of DASHBOARDS) {
    assert.equal(readFileSync(dashboardFile(source), 'utf8'), dashboardText(source), source.name)
  }
})

describe('every dashboard', () => {
  for (const dashboard of dashboards) {
    const { uid, title, id, graphTooltip, schemaVersion, editable, templating, links } = dashboard
    test(`${title}: has the settings of a provisioned dashboard`, () => {
      assert.deepEqual(
        { id, graphTooltip, schemaVersion, editable },
        { id: null, graphTooltip: 1, schemaVersion: 39, editable: false },
      )
      assert.equal(`grafana/dashboards/${uid.replace('xdr-pulse-', '')}.json`, dashboard.file)
      assert.match(dashboard.description, /\?$/)
    })

    test(`${title}: has variables for data source, job and process`, () => {
      const names = templating.list.map(({ name, type }) => `${type} ${name}`)
      assert.deepEqual(names, ['datasource datasource', 'query job', 'query instance'])
    })

    test(`${title}: links to the others, without "All" for those of one process`, () => {
      assert.deepEqual(
        links.map(({ tags }) => tags),
        [
          ['xdr-pulse', 'processes'],
          ['xdr-pulse', 'subscribers'],
        ],
      )
      assert.ok(links.some(({ tags }) => tags.join() === dashboard.tags.join()))
      for (const link of links) assert.ok(link.type === 'dashboards' && link.keepTime)
      const [, toOne] = links
      const hasAll = JSON.stringify(templating).includes('$__all')
      assert.equal(toOne.includeVars, !hasAll)
    })

    test(`${title}: begins with the health of the processes`, () => {
      const [heading, ...rest] = dashboard.panels
      assert.ok(heading.type === 'row' && heading.title === 'Health')
      const next = rest.findIndex(({ type }) => type === 'row')
      for (const { type } of rest.slice(0, next)) assert.equal(type, 'stat')
    })

    test(`${title}: its panels fill all rows and do not overlap`, () => {
      const taken = new Set<string>()
      for (const { gridPos } of dashboard.panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            assert.ok(x < 24 && !taken.has(`${x} ${y}`), `${x} ${y}`)
            taken.add(`${x} ${y}`)
          }
        }
      }
      assert.equal(taken.size % 24, 0, 'rows end where the page does')
    })

    for (const panel of drawn(dashboard)) {
      test(`${title}: ${panel.title} has a description and a unit`, () => {
        assert.ok(CORE.includes(panel.type), panel.type)
        assert.match(panel.title, /^[A-Z]/)
        assert.match(panel.description, /\.$/)
        assert.ok(String(panel.fieldConfig.defaults['unit']).length > 0)
        assert.ok(panel.targets.length > 0)
        for (const { datasource } of [panel, ...panel.targets]) {
          assert.deepEqual(datasource, { type: 'prometheus', uid: '${datasource}' })
        }
      })
    }
  }

  test('has panels with unique titles and ids', () => {
    for (const { title, panels } of dashboards) {
      const words = panels.map((panel) => panel.title)
      assert.equal(new Set(words).size, words.length, title)
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, title)
    }
  })
})

describe('every query', () => {
  test('selects job and instance in each selector', () => {
    for (const { expr, where } of queries) {
      const selectors = [...expr.matchAll(SELECTOR)]
      assert.ok(selectors.length > 0, where)
      for (const [, , matchers] of selectors) {
        assert.ok(matchers.startsWith('job=~"$job",instance=~"$instance"'), where)
      }
      const bare = expr.replaceAll(SELECTOR, '').replaceAll(/"[^"]*"/g, '')
      assert.deepEqual(bare.match(METRIC), null, where)
    }
  })

  test('uses existing metrics', () => {
    for (const { expr, where } of queries) {
      for (const [, name] of expr.matchAll(SELECTOR)) {
        assert.ok(EXPOSED.has(name) || FOREIGN.test(name), `${name}: ${where}`)
      }
    }
  })

  test('uses counters only as rates, over the matching interval', () => {
    for (const { expr, where, instant } of queries) {
      for (const { index, 0: text, 1: name } of expr.matchAll(SELECTOR)) {
        const after = expr.slice(index + text.length)
        const [before] = /\w*\($/.exec(expr.slice(0, index)) ?? ['']
        const counts = /(_total|_bucket|_sum|_count)$/.test(name)
        assert.equal(counts, ['rate(', 'increase('].includes(before), where)
        if (counts) assert.match(after, /^\[\$__(rate_interval|range)\]/, where)
      }
      for (const [, range] of expr.matchAll(/\[([^\]]*)\]/g)) {
        assert.ok(RANGES.includes(range), where)
        assert.ok(instant || range === '$__rate_interval', where)
      }
    }
  })

  test('has no topk over a range, and is either instant or over a range', () => {
    for (const { expr, instant, range, where } of queries) {
      assert.ok(instant !== range, where)
      assert.ok(instant || !/\b(top|bottom)k\b/.test(expr), where)
    }
  })

  test('keeps the labels that its legend names', () => {
    for (const target of queries) {
      for (const label of labelsOf(target)) {
        assert.match(target.expr, new RegExp(`by \\([^)]*\\b${label}\\b`), target.where)
      }
      assert.notEqual(target.legendFormat, '', target.where)
    }
  })
})

test('every metric of the catalogue is in a dashboard or a rule', () => {
  const rules = filesOf('grafana/rules/*.yml').flatMap(rulesOf)
  const texts = [...queries, ...rules].map(({ expr }) => expr).join('\n')
  const seen = new Set([...texts.matchAll(METRIC)].map(([name]) => EXPOSED.get(name) ?? name))
  const missing = CATALOGUE.map(({ name }) => name).filter((name) => !seen.has(name))
  assert.deepEqual(missing, [])
})

test('every metric of a rule exists', () => {
  for (const { expr } of filesOf('grafana/rules/*.yml').flatMap(rulesOf)) {
    const text = expr.replaceAll(/\w+:\w+:\w+/g, '').replaceAll(/"[^"]*"/g, '')
    for (const [name] of text.matchAll(METRIC)) {
      assert.ok(EXPOSED.has(name) || FOREIGN.test(name), name)
    }
  }
})

test('every alert is named by a panel, with its runbook', () => {
  const words = dashboards.flatMap(drawn).map(({ description }) => description)
  for (const { alert } of alerts()) {
    const named = words.some((text) => text.includes(`docs/runbooks/${alert}.md`))
    assert.ok(named, alert)
  }
})
