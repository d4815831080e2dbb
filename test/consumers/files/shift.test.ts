// `replay --shift-to`: times are moved by whole days, once per source; `verify` takes the shift from the state.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pulse } from '../../e2e/command.ts'
import { withDirectory } from '../../state-directory.ts'
import { sampleIn } from './samples.ts'

const DAY_MS = 86_400_000

interface Report {
  durationMs: number
  trafficBytes: number
  hours: { startMs: number | null; records: number }[]
}

test('a replay moves all times and nothing else, and another shift is refused', () =>
  withDirectory(async (directory) => {
    const path = await sampleIn(directory, { rows: 3000, dirt: 0.1 })
    const [plain, shifted] = [join(directory, 'plain'), join(directory, 'shifted')]
    const run = async (code: number, ...argv: string[]): Promise<string> => {
      const ended = await pulse(argv)
      assert.equal(ended.code, code, ended.stderr)
      return code === 0 ? ended.stdout : ended.stderr
    }
    const reportOf = async (state: string): Promise<Report> =>
      JSON.parse(await run(0, 'report', '--state', state, '--json')) as Report
    await run(0, 'replay', path, '--state', plain)
    const printed = await run(0, 'replay', path, '--state', shifted, '--shift-to', '2026-03-01')
    const days = Number(/times are shifted by (\d+) days: .* becomes 2026-03-01/.exec(printed)?.[1])
    const [before, after] = [await reportOf(plain), await reportOf(shifted)]
    const moved = before.hours.map((hour) => {
      return { ...hour, startMs: hour.startMs === null ? null : hour.startMs + days * DAY_MS }
    })
    assert.ok(days > 0 && moved.length > 100)
    assert.deepEqual(after.hours, moved)
    assert.equal(after.durationMs, before.durationMs)
    assert.equal(after.trafficBytes, before.trafficBytes)
    await run(0, 'verify', path, '--state', shifted)
    const words = `times shifted by ${days} days`
    assert.ok((await run(0, 'status', '--state', shifted)).includes(words))
    // A file that was begun keeps its shift, and the run reports it.
    const again = await run(0, 'replay', path, '--state', shifted)
    assert.ok(again.includes(`times are shifted by ${days} days, as it was begun`), again)
    // The same content in the same state, on another day.
    await run(0, 'replay', path, '--state', shifted, '--shift-to', 'now')
    assert.deepEqual((await reportOf(shifted)).hours, after.hours)
    const refused = /rows were applied with times shifted by \d+ days \(asked for: \d+\)/
    assert.match(
      await run(1, 'replay', path, '--state', shifted, '--shift-to', '2026-03-02'),
      refused,
    )
    assert.match(await run(1, 'replay', path, '--state', plain, '--shift-to', 'now'), refused)
  }))
