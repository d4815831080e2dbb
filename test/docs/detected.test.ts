// The table of what is detected names a test for each line, and alerts and metrics that exist.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../source-tree.ts'

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const PAGE = textOf('docs/detected.md')
const ROWS = PAGE.split('\n').filter((line) => /^\| (?!detected|---)/.test(line))

test('each line has a test file that exists', () => {
  assert.ok(ROWS.length > 35, `${ROWS.length} lines`)
  for (const row of ROWS) {
    const tests = row.split('|').at(-2) ?? ''
    const files = [...tests.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, path]) => path)
    assert.ok(files.length > 0, row)
    for (const file of files) assert.ok(existsSync(join(ROOT, file)), file)
  }
})

test('alerts and metrics are those of the rules and of the process', () => {
  const alerts = textOf('grafana/rules/alerts.yml')
  const metrics = textOf('docs/metrics.md')
  for (const [, name] of PAGE.matchAll(/`(XdrPulse\w+)`/g)) {
    assert.ok(alerts.includes(`alert: ${name}\n`), name)
  }
  for (const [, name] of PAGE.matchAll(/`(xdrpulse_\w+)`/g)) {
    assert.ok(metrics.includes(`\`${name}\``), name)
  }
})
