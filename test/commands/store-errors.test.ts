// A store that cannot be read is counted by what it was read for, and does not end the process.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSnapshots } from '../../src/process/snapshot-thread.ts'
import { openPartition, partitionDirectory } from '../../state/store.ts'
import { withPulse } from '../e2e/command.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { parse } from '../serve/metrics/parse-exposition.ts'
import { replay } from '../consumers/files/replaying.ts'
import { OPTIONS } from '../snapshot/subscribers.ts'
import { breakStore, withDirectory } from '../state-directory.ts'

/** Two days at an hour a second: no test waits for their end. */
const SLOWLY = ['--speed', '3600', '--commit-interval', '100ms', '--snapshot-interval', '50ms']

test('failed snapshots and look-ups of a broken store are counted separately', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory, { rows: 4000, subscribers: 400, days: 2 })
    const state = join(directory, 'state')
    const argv = ['replay', file, '--state', state, '--serve', '--port', '0', ...SLOWLY]
    await withPulse(argv, async (running) => {
      const [, url] = await running.prints(/API and metrics at (http:\/\/[\d.:]+)/)
      const get = async (path: string): Promise<Response> => fetch(url + path)
      const counted = async (operation: string): Promise<number | undefined> =>
        parse(await (await get('/metrics')).text()).get(
          `store_errors_total{operation="${operation}"}`,
        )
      assert.deepEqual([await counted('snapshot'), await counted('look-up')], [0, 0])
      while ((await get('/api/v1/snapshot')).status !== 200);
      const store = openPartition(state, 0, 'write')
      // The next commit writes them again: until then they are missing.
      const lose = async (): Promise<void> => {
        await Promise.all(
          [...store.subscribers.getKeys()].map((key) => store.subscribers.remove(key)),
        )
      }
      try {
        let reply: Response
        do {
          await lose()
          reply = await get('/api/v1/subscribers/1')
        } while (reply.status === 404)
        assert.equal(reply.status, 500)
        assert.equal(await counted('look-up'), 1)
        while ((await counted('snapshot')) === 0) await lose()
        await running.prints(/the snapshot failed: .*is missing/)
        await running.prints(/a request failed/)
        assert.equal(await counted('look-up'), 1)
      } finally {
        await store.environment.close()
      }
    })
  }))

test('a reading thread reports errors of the store, and a lost store, by their code', () =>
  withDirectory(async (directory) => {
    const stateDirectory = join(directory, 'state')
    await replay([await sampleIn(directory)], stateDirectory, { state: { partitions: 2 } })
    const refused = async (code: string): Promise<void> => {
      const thread = startSnapshots({ stateDirectory, options: OPTIONS })
      await assert.rejects(thread.snapshot(), { name: 'PulseError', code })
      await thread.end()
    }
    rmSync(partitionDirectory(stateDirectory, 1), { recursive: true })
    await refused('state-corrupt')
    breakStore(join(stateDirectory, 'partition-0000/data.mdb'))
    await refused('store-failed')
  }))
