// What `npm test` runs: every test file, or those whose path contains one of the arguments.
//   npm test
//   npm test -- test/state e2e/kafka
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { offerBroker } from './shared-broker.ts'

/** Browser and kill tests use 1.5 cores each: with more at once all of them get slower. */
const CONCURRENCY = 2
/** A file that hangs fails after this time; the slowest one takes a tenth of it. */
const HANGS_AFTER_MS = 15 * 60_000

const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  // Whole-program tests are the longest: they start first, so as not to run alone at the end.
  .sort((a, b) => Number(b.includes('e2e')) - Number(a.includes('e2e')) || (a < b ? -1 : 1))

const broker = await offerBroker()
const total = { passed: 0, failed: 0, skipped: 0 }
const events = run({
  files: files.map((file) => join(root, file)),
  concurrency: CONCURRENCY,
  timeout: HANGS_AFTER_MS,
})
events.on('test:summary', ({ file, counts }) => {
  if (file !== undefined) return
  const { tests, passed, skipped, todo } = counts
  Object.assign(total, { passed, skipped, failed: tests - passed - skipped - todo })
})
const report = events.compose(spec)
report.pipe(process.stdout)
await finished(report)
broker.close()

const { passed, failed, skipped } = total
const nothing = passed + failed + skipped === 0
if (nothing) process.stdout.write(`No test file has one of ${wanted.join(', ')} in its path.\n`)
const left = skipped === 0 ? '' : `, ${skipped} skipped`
process.stdout.write(`${passed} passed, ${failed} failed${left}\n`)
process.exitCode = failed > 0 || nothing ? 1 : 0
