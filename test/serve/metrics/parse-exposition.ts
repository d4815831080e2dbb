// Parses the text format independently of the code that writes it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { PREFIX } from '../../../src/serve/metrics/catalogue.ts'
import { createMetrics } from '../../../src/serve/metrics/exposition.ts'
import type { StandIn } from '../fixture.ts'

/** Series as text, without the prefix, to value. */
export function parse(exposition: string): Map<string, number> {
  const lines = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at).replace(PREFIX, ''), Number(line.slice(at + 1))]
    }),
  )
}

/** The series that a new server exposes of a pipeline now. */
export async function scrape(pipeline: StandIn): Promise<Map<string, number>> {
  const metrics = createMetrics(pipeline.view)
  try {
    return parse(await metrics.exposition())
  } finally {
    metrics.stop()
  }
}

/** The series of a metric with labels. */
export const series = (all: Map<string, number>, name: string): string[] =>
  [...all.keys()].filter((key) => key.startsWith(`${name}{`))

/** Checks an exposition with promtool; skips without promtool, except under CI. */
export function checkWithPromtool(exposition: string, context: TestContext): void {
  const found = spawnSync('promtool', ['--version'])
  if (found.error !== undefined && process.env['CI'] === undefined) {
    context.skip('promtool is not on PATH: the exposition was not checked')
    return
  }
  const run = spawnSync('promtool', ['check', 'metrics'], { input: exposition, encoding: 'utf8' })
  assert.ifError(run.error)
  assert.equal(`${run.stdout}${run.stderr}`, '')
  assert.equal(run.status, 0)
}
