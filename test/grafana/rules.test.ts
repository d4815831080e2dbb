// The rules are valid, and every alert fires exactly when it should and has its runbook.
import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { alerts, filesOf, rulesOf, runTool, textOf } from './tools.ts'

interface AlertCases {
  tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[]
}

const RULES = filesOf('grafana/rules/*.yml')
const CASES = filesOf('grafana/rules/tests/*.yml')
const SEVERITIES = ['critical', 'warning', 'info']

/** The base of runbook links: the external label, else paths of the repository. */
const RUNBOOKS = '{{ with $externalLabels.runbooks }}{{ . }}{{ else }}docs/runbooks{{ end }}'

test('promtool accepts the rules', (context) => {
  assert.equal(RULES.length, 2)
  runTool(context, 'promtool', 'check', 'rules', ...RULES)
})

test('promtool passes every test case of the alerts', (context) => {
  runTool(context, 'promtool', 'test', 'rules', ...CASES)
})

test('promtool accepts the configuration with its rules', (context) => {
  runTool(context, 'promtool', 'check', 'config', '--syntax-only', 'grafana/prometheus.yml')
})

test('amtool accepts the example configuration of routes', (context) => {
  runTool(context, 'amtool', 'check-config', 'grafana/alertmanager.yml')
})

describe('every alert', () => {
  const cases = CASES.flatMap((path) => (parse(textOf(path)) as AlertCases).tests)
    .flatMap(({ alert_rule_test: tests }) => tests)
    .map(({ alertname, exp_alerts: expected }) => ({ alertname, fires: expected.length > 0 }))

  for (const { alert, labels, annotations } of alerts()) {
    test(`${alert}: a case fires it, and one does not`, () => {
      const own = cases.filter(({ alertname }) => alertname === alert)
      assert.deepEqual([...new Set(own.map(({ fires }) => fires))].sort(), [false, true])
    })

    test(`${alert}: has a summary, a severity and a runbook`, () => {
      assert.match(alert, /^XdrPulse[A-Z]\w+$/)
      assert.ok(SEVERITIES.includes(labels.severity))
      assert.match(annotations.summary, /^[\w-][^{}]+[^.]$/)
      assert.match(annotations.description, /\.(\{\{ end \}\})?$/)
      assert.equal(annotations.runbook_url, `${RUNBOOKS}/${alert}.md`)
      const dashboard = annotations.dashboard_url.replace('/d/xdr-pulse-', '')
      assert.deepEqual(filesOf(`grafana/dashboards/${dashboard}.json`).length, 1, dashboard)
    })

    test(`${alert}: its runbook has all parts`, () => {
      const page = textOf(`docs/runbooks/${alert}.md`)
      assert.ok(page.startsWith(`# ${alert}\n\nSeverity: ${labels.severity}\n`))
      const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
      assert.deepEqual(headings, ['What it means', 'What to look at', 'What to do'])
      const row = `| [${alert}](${alert}.md) | ${labels.severity} | ${annotations.summary} |\n`
      assert.ok(textOf('docs/runbooks/README.md').includes(row), row)
    })
  }
})

test('every runbook has its alert and valid links', () => {
  const pages = filesOf('docs/runbooks/*.md').map((path) => basename(path, '.md'))
  const named = alerts().map(({ alert }) => alert)
  assert.deepEqual(pages, [...named, 'README'].sort())
  for (const page of pages) {
    for (const [, target] of textOf(`docs/runbooks/${page}.md`).matchAll(/\]\((\w+)\.md\)/g)) {
      assert.ok(pages.includes(target), `${page} links to ${target}`)
    }
  }
})

test('recordings are named level:metric:operations', () => {
  for (const { record } of rulesOf('grafana/rules/recording.yml')) {
    assert.match(record!, /^job(_\w+)?:xdrpulse_\w+:[\w]+$/)
  }
})

test('an alert of two conditions does not always print 0', () => {
  const first = alerts().map(({ alert, expr }) => [alert, expr.split(/\band\b/)[0]])
  for (const [alert, operand] of first) {
    if (alert !== 'XdrPulseDown') assert.doesNotMatch(operand, /== 0/, alert)
  }
})
