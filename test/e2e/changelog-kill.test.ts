// A member that is killed at random moments, and loses its directory, ends with the state of a replay.
//   XDR_PULSE_CHANGELOG_ROUNDS=100 XDR_PULSE_SEED=7 node --test test/e2e/changelog-kill.test.ts
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { markersOf } from '../consumers/changelog/changelogs.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { assertUnion, filled, makeSample, startFilling, topicBegun } from './kafka-durable.ts'
import { allRead, heldAt, withMembers, type Member } from './kafka-member.ts'

const ROUNDS = Number(process.env.XDR_PULSE_CHANGELOG_ROUNDS ?? 2)
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const PARTITIONS = 2
const LATEST_KILL_MS = 900
const ROWS_A_ROUND = 3000
const RATE = 1300

/** Deletes what the newest checkpoints have from the topic; returns how many partitions have one. */
async function truncate(broker: Operations, topic: string, prefix: string): Promise<number> {
  const markers = await markersOf(broker, prefix)
  for (const [partition, { positions }] of markers) {
    const [next = 0] = Object.values(positions)
    await broker.deleteRecords(topic, partition, next)
  }
  return markers.size
}

test(
  `${ROUNDS} kills and lost directories leave the state of a replay, seed ${SEED}`,
  needsKafka(),
  (t) =>
    withDirectory((directory) =>
      withMembers(async (start) => {
        const broker = await sharedBroker()
        const random = seededRandom(SEED)
        const rows = ROUNDS * ROWS_A_ROUND
        const sample = await makeSample(directory, PARTITIONS, { rows, subscribers: 3000 })
        const [topic, prefix] = [uniqueName('kill'), uniqueName('changelog')]
        const common = { brokers: broker.bootstrap, topic, group: uniqueName('group') }
        const state = join(directory, 'victim')
        const more = ['--changelog', prefix, '--checkpoint-interval', '200ms']
        const startVictim = (): Member =>
          start({ ...common, state, more: [...more, '--instance-id', 'victim'] })
        const filling = startFilling(broker.bootstrap, topic, sample, PARTITIONS, RATE)
        await topicBegun(common)
        const hits = { restored: 0, continued: 0 }
        for (let round = 0; round < ROUNDS; round++) {
          const member = startVictim()
          await member.when('its partitions', (look) => heldAt(look).length === PARTITIONS)
          await sleep(random() * LATEST_KILL_MS)
          await member.end('SIGKILL')
          if (round % 2 === 0) {
            hits.continued++
            continue
          }
          rmSync(state, { recursive: true })
          if ((await truncate(broker, topic, prefix)) === PARTITIONS) hits.restored++
        }
        const survivor = startVictim()
        await filled(filling)
        await allRead([survivor], sample.rows)
        await assertUnion([survivor.state], sample)
        t.diagnostic(JSON.stringify(hits))
        assert.ok(hits.restored > 0, 'some directories were lost after a checkpoint')
      }),
    ),
)
