// A state directory that cannot be made or written names the system's error, the path and a remedy.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { commitPartition } from '../../state/commit.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS } from './stores.ts'

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Runs `work` with a volume of a given size, where this user may mount one. */
const withVolume = (
  t: TestContext,
  size: string,
  work: (volume: string) => Promise<void>,
): Promise<void> =>
  withDirectory(async (volume) => {
    if (!run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', volume)) {
      t.skip('a small volume needs the right to mount one')
      return
    }
    try {
      await work(volume)
    } finally {
      // Lazily: the heartbeat's thread closes its file a moment later.
      run('umount', '-l', volume)
    }
  })

const refusal = (message: RegExp) => ({ name: 'PulseError', code: 'system', message })

test('a file in place of a directory', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const under = join(file, 'state')
    const expected =
      /file\/state is not a directory, .*\(ENOTDIR\); expected a directory; .* --state$/
    await assert.rejects(openState(under, OPTIONS, 'test'), refusal(expected))
    const itself = /file is a file, expected a directory; .* --state$/
    await assert.rejects(openState(file, OPTIONS, 'test'), refusal(itself))
  }))

test('a volume that is mounted read-only', (t) =>
  withVolume(t, '1m', async (volume) => {
    assert.ok(run('mount', '-o', 'remount,ro', volume))
    const state = join(volume, 'a/state')
    const expected = /is on a read-only volume \(EROFS\); expected a writable one; .*, or choose/
    await assert.rejects(openState(state, OPTIONS, 'test'), refusal(expected))
  }))

for (const size of ['4k', '12k', '20k', '32k']) {
  test(`a full volume, of ${size}`, (t) =>
    withVolume(t, size, async (volume) => {
      const state = join(volume, 'state')
      const expected = /is on a full volume \(ENOSPC\); expected free space; free space .* --state$/
      await assert.rejects(openState(state, OPTIONS, 'test'), refusal(expected))
    }))
}

test('a volume that is full at the first commit', (t) =>
  withVolume(t, '128k', async (volume) => {
    const state = await openState(join(volume, 'state'), OPTIONS, 'test')
    const [partition] = state.partitions
    const everyone = Float64Array.from({ length: 5000 }, (_, i) => 33600000000 + i)
    apply(
      partition,
      batchOf(everyone, () => 0.5),
    )
    assert.throws(() => commitPartition(partition, 10), {
      code: 'store-failed',
      message: /the commit failed \(ENOSPC: no space left on device\)/,
    })
    await state.close()
  }))
