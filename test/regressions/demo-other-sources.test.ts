// A demo applied its sample to a state that held other sources, and deleted files that it had not
// created.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pulse, withPulse } from '../e2e/command.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { readBack, withDirectory } from '../state-directory.ts'

const SMALL = ['--rows', '500', '--subscribers', '50', '--days', '1', '--speed', 'max']
const SAMPLE = 'sample-500-50-1-0.01-1.parquet'

/** Runs a demo until it has applied all rows. */
const runDemo = (state: string, more: string[] = []): Promise<void> =>
  withPulse(['demo', '--state', state, ...SMALL, ...more, '--port', '0'], async (running) => {
    await running.prints(/all rows are applied; serving at/)
    running.process.kill('SIGTERM')
    await running.ended
  })

const namesIn = async (state: string): Promise<string[]> =>
  (await readBack(state)).positions.map(({ position }) => position.name)

describe('a demo', () => {
  for (const how of ['flag', 'variable']) {
    test(`refuses a state with other sources, given by ${how}`, () =>
      withDirectory(async (directory) => {
        const state = join(directory, 'state')
        await pulse(['replay', await sampleIn(directory), '--state', state])
        const before = await readBack(state)
        const { code, stderr } =
          how === 'flag'
            ? await pulse(['demo', ...SMALL, '--port', '0', '--state', state])
            : await pulse(['demo', ...SMALL, '--port', '0'], { env: { XDR_PULSE_STATE: state } })
        assert.match(
          stderr,
          /^xdr-pulse: the state directory .* holds the file ".*"; expected a new/m,
        )
        assert.equal(code, 1)
        assert.deepEqual(await readBack(state), before)
        assert.ok(!existsSync(join(directory, SAMPLE)), 'it is refused before the sample is made')
      }))
  }

  test('refuses its own state once another file was replayed into it', () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'demo')
      await runDemo(state)
      await pulse(['replay', await sampleIn(directory), '--state', state])
      const before = await readBack(state)
      const { code, stderr } = await pulse(['demo', '--state', state, ...SMALL, '--port', '0'])
      assert.match(stderr, /holds the file/)
      assert.equal(code, 1)
      assert.deepEqual(await readBack(state), before)
    }))

  test('starts over in its directory, and keeps every other entry of it', () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'demo')
      mkdirSync(join(state, 'notes'), { recursive: true })
      writeFileSync(join(state, 'notes', 'mine.txt'), 'mine')
      await runDemo(state)
      await runDemo(state, ['--seed', '2'])
      assert.deepEqual(await namesIn(state), ['sample-500-50-1-0.01-2.parquet'])
      assert.ok(existsSync(join(state, 'notes', 'mine.txt')))
      assert.ok(existsSync(join(state, 'made-by-demo')))
    }))

  test('finishes a deletion that was cut off', () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'demo')
      await runDemo(state, ['--partitions', '3'])
      writeFileSync(join(state, 'made-by-demo'), 'deleting')
      rmSync(join(state, 'partition-0001'), { recursive: true })
      await runDemo(state, ['--partitions', '3'])
      assert.deepEqual(await namesIn(state), [SAMPLE, SAMPLE, SAMPLE])
      assert.equal(readdirSync(state).filter((name) => name.startsWith('partition')).length, 3)
    }))
})
