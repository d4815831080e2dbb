// History, then live: files and a topic that overlap give the state of one replay of all rows; row 16
// of the faults has the crashes.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { done, reconciliationOf, ROWS, runWords, withScene } from '../faults/kafka/history-scene.ts'
import { readBack } from '../state-directory.ts'
import { pulse } from './command.ts'

describe('history, then live', needsKafka(), () => {
  test('rows of an overlap come from the files, or from --cutover on from the topic', async () => {
    await withScene(async (scene) => {
      const state = join(scene.directory, 'auto')
      const { file, topic } = reconciliationOf(
        await done(pulse(runWords(scene, state, '--until-caught-up', '--json'))),
      )
      assert.equal(file.excluded, 0)
      assert.ok(topic.excluded > ROWS / 6 && topic.applied > ROWS / 6)
      assert.equal(file.applied + topic.applied, ROWS)
      assert.equal((await readBack(state)).hash, scene.reference)

      const other = join(scene.directory, 'third')
      // Also with several threads.
      const cutover = ['--cutover', new Date(scene.thirdMs).toISOString(), '--threads', '3']
      const words = runWords(scene, other, '--until-caught-up', '--json', ...cutover)
      const sources = reconciliationOf(await done(pulse(words)))
      assert.ok(sources.file.excluded > ROWS / 6)
      assert.equal(sources.topic.excluded, 0)
      assert.equal((await readBack(other)).hash, scene.reference)

      const again = await pulse(runWords(scene, other, '--cutover', '2026-01-01', ...['--json']))
      assert.equal(again.code, 1)
      assert.match(again.stderr, /cut-over at .* leave it out/)
    })
  })
})
