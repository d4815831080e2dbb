// Readers see complete commits only, also while a writer runs.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeSample } from '../../src/generate/write.ts'
import { openStateToRead, viewState } from '../../state/read.ts'
import { hasState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { recordsOf } from '../state/stores.ts'

const SAMPLE = { rows: 200_000, subscribers: 20_000, days: 9, seed: 4, dirt: 0.05 }

test('every view during a replay is consistent, and none is older than the one before', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'sample.parquet')
    await writeSample(SAMPLE, file)
    const state = join(directory, 'state')
    const script = join(import.meta.dirname, 'replay-child.ts')
    const child = spawn(process.execPath, [script, file, state, '2', '10'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ready = new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('ready')) resolve()
      })
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    await Promise.race([ready, ended])
    assert.ok(hasState(state))
    const reading = openStateToRead(state)
    let [before, between] = [0, 0]
    while (child.exitCode === null) {
      const view = viewState(reading)
      const { applied, subscribers } = view.counters
      let [records, rows] = [0, 0]
      view.scan((block, count) => {
        records += recordsOf(block, count)
        rows += count
      })
      const ofSources = view.positions.reduce((sum, { position }) => sum + position.applied, 0)
      const ofHours = [...view.hours.values()].reduce((sum, row) => sum + row[0], 0)
      view.finish()
      assert.deepEqual(
        [records, rows, ofSources, ofHours],
        [applied, subscribers, applied, applied],
      )
      assert.ok(applied >= before)
      if (applied > before && before > 0) between++
      before = applied
      await sleep(5)
    }
    await reading.close()
    assert.equal(await ended, 0)
    assert.ok(between > 2, `only ${between} views were between commits`)
  }))
