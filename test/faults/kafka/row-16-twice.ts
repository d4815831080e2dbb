// Row 16: files are replayed twice, and replayed while a topic with the same rows is read.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../../src/random.ts'
import { pulse, withPulse } from '../../e2e/command.ts'
import { readBack } from '../../state-directory.ts'
import { until } from '../../until.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'
import { readDurable, requireOracle } from '../invariants.ts'
import {
  done,
  killed,
  killedInHistory,
  phaseOf,
  reconciliationOf,
  ROWS,
  runWords,
  withScene,
  type Scene,
} from './history-scene.ts'

/** Kills in any phase, counted from the first line of a run. */
const ANYWHERE = [
  [/live page/, 900],
  [/live page/, 900],
] as const

/** The same files again, and a file beside a run that reads the topic. */
async function replayedTwice(context: FaultContext, scene: Scene): Promise<void> {
  const state = join(scene.directory, 'reference')
  const again = ['replay', scene.whole, '--state', state, '--partitions', '3', '--json']
  const { stdout } = await done(pulse(again))
  assert.equal((JSON.parse(stdout) as { applied: number }).applied, 0, 'nothing is applied again')
  assert.equal((await readBack(state)).hash, scene.reference)
  context.reached('files are replayed twice')
  context.held('I2', 'I3')
}

/** Files that overlap with a topic are replayed, with kills in either phase. */
async function replayedDuringLive(context: FaultContext, scene: Scene, random: Random) {
  const state = await killedInHistory(scene, random)
  // The next run is killed when rows of the topic are read, the others at any time.
  for (const [sign, mostMs] of [[/history-\w+: /, 20], ...ANYWHERE] as const) {
    await killed(scene, state, sign, random() * mostMs)
    await readDurable(context, state)
  }
  assert.equal(await phaseOf(state), 'live')
  context.reached('a run is killed in its history, and later')
  const words = runWords(scene, state)
  await withPulse(words, async (running) => {
    await running.prints(/live page/)
    await until('the lock', () => existsSync(join(state, 'writer.lock')))
    const { code, stderr } = await pulse([
      ...['replay', scene.early, '--state', state, '--partitions', '3'],
    ])
    assert.notEqual(code, 0)
    // Which of these is found first depends on how far the run is.
    const refused =
      /is being written by process \d+ \(run\)|holds the history of a topic|holds rows of the topic/
    assert.match(stderr, refused)
    context.reached('a replay into the state of a run is refused')
  })
  const last = await done(pulse(runWords(scene, state, '--until-caught-up', '--json')))
  const { file, topic } = reconciliationOf(last)
  assert.equal(file.applied + topic.applied, ROWS)
  const found = await readDurable(context, state)
  assert.equal(found?.hash, scene.reference)
  await requireOracle(context, found, [scene.whole])
  context.held('I3', 'I12')
}

/** Row 16. */
export const replayTwice: FaultRow = {
  number: 16,
  title: 'replay twice, replay during live',
  how: 'the same files again; files that overlap with a topic, with SIGKILL in either phase; a replay beside a run',
  holds: ['I1', 'I2', 'I3', 'I12'],
  needs: ['kafka'],
  reaches: [
    'files are replayed twice',
    'a run is killed in its history, and later',
    'a replay into the state of a run is refused',
  ],
  shortRounds: 1,
  async run(context) {
    for (const { random } of context.rounds()) {
      await withScene(async (scene) => {
        await replayedTwice(context, scene)
        await replayedDuringLive(context, scene, random)
      })
    }
  },
}
