// A consumer that is killed at random moments under load ends with the state of a replay.
//   XDR_PULSE_KILL_ROUNDS=100 XDR_PULSE_SEED=7 node --test test/e2e/kafka-kill.test.ts
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { seededRandom, type Random } from '../../src/random.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { assertUnion, durablePositions, durableRows, filled } from './kafka-durable.ts'
import { until } from '../until.ts'
import { makeSample, startFilling, topicBegun } from './kafka-durable.ts'
import {
  allRead,
  appliedOf,
  heldAt,
  shareOf,
  withMembers,
  type Look,
  type Member,
} from './kafka-member.ts'

const ROUNDS = Number(process.env.XDR_PULSE_KILL_ROUNDS ?? 10)
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const PARTITIONS = 4
/** Most kills are while the process reads, between two commits or during one. */
const LATEST_KILL_MS = 700
/** The others are while it starts, joins and restores. */
const LATEST_EARLY_KILL_MS = 1500
const EARLY_SHARE = 0.25
const ROWS_A_ROUND = 4000
/** A round takes about two seconds. */
const RATE = 1300
/** Threads of the victim, in turn: of four partitions it has two or more. */
const THREADS = [1, 2, 4]

/** The reports of a killed process, and its durable positions. */
interface Round {
  looks: Look[]
  durable: Map<number, number>
}

/** Kills a process at a random moment, which may be before it is ready. */
async function killAtRandom(member: Member, random: Random): Promise<Round> {
  const early = random() < EARLY_SHARE
  if (!early) await member.when('its partitions', (look) => heldAt(look).length > 0)
  await sleep(random() * (early ? LATEST_EARLY_KILL_MS : LATEST_KILL_MS))
  await member.end('SIGKILL')
  return { looks: member.looks(), durable: await durablePositions(member.state) }
}

/**
 * Asserts over a kill that stored positions do not decrease, that what was reported as durable is
 * stored, and that the next process continues at the stored position.
 */
function checkRound({ looks, durable }: Round, before: ReadonlyMap<number, number>): void {
  for (const [partition, position] of before) {
    assert.ok((durable.get(partition) ?? 0) >= position, 'a stored position never decreases')
    const first = looks.find((look) => appliedOf(look, partition) >= 0)
    if (first === undefined) continue
    assert.ok(appliedOf(first, partition) >= position, 'reading continues at the stored position')
  }
  for (const { partition, durableOffset } of looks.at(-1)?.consumer.partitions ?? []) {
    assert.ok(
      (durable.get(partition) ?? 0) >= durableOffset,
      'what was reported as durable is stored',
    )
  }
}

test(`${ROUNDS} kills under load leave the state of a replay, seed ${SEED}`, needsKafka(), (t) =>
  withDirectory((directory) =>
    withMembers(async (start) => {
      const { bootstrap: brokers } = await sharedBroker()
      const random = seededRandom(SEED)
      const sample = await makeSample(directory, PARTITIONS, {
        rows: ROUNDS * ROWS_A_ROUND,
        subscribers: 5000,
      })
      const common = { brokers, topic: uniqueName('kill'), group: uniqueName('group') }
      const victim = { ...common, state: join(directory, 'victim') }
      const startVictim = (round: number): Member => {
        return start({ ...victim, more: ['--threads', String(THREADS[round % THREADS.length])] })
      }
      const filling = startFilling(brokers, common.topic, sample, PARTITIONS, RATE)
      await topicBegun(common)
      const witness = start({ ...common, state: join(directory, 'witness') })
      const alone = startVictim(0)
      await Promise.all(
        [witness, alone].map((member) =>
          member.when('its half', (look) => shareOf(look).length === PARTITIONS / 2),
        ),
      )
      const { rebalances } = witness.last().consumer
      let durable = (await killAtRandom(alone, random)).durable
      const hits = { starting: 0, reading: 0 }
      for (let round = 1; round < ROUNDS; round++) {
        const next = await killAtRandom(startVictim(round), random)
        checkRound(next, durable)
        const moved = [...next.durable].some(([p, position]) => position > (durable.get(p) ?? 0))
        hits[moved ? 'reading' : 'starting']++
        durable = next.durable
      }
      const survivor = startVictim(1)
      await filled(filling)
      await allRead([survivor, witness], sample.rows)
      assert.equal(witness.last().consumer.rebalances, rebalances, 'others see no rebalance')
      await assertUnion([survivor.state, witness.state], sample)
      t.diagnostic(JSON.stringify(hits))
      assert.ok(hits.reading > 0, 'some kills were while the process read')
    }),
  ),
)

test('a killed process rejoins under its name, and continues to read', needsKafka(), (t) =>
  withDirectory((directory) =>
    withMembers(async (start) => {
      const { bootstrap: brokers } = await sharedBroker()
      const sample = await makeSample(directory, PARTITIONS, { rows: 20_000, subscribers: 5000 })
      const common = { brokers, topic: uniqueName('back'), group: uniqueName('group') }
      const options = { ...common, state: join(directory, 'state') }
      const filling = startFilling(brokers, common.topic, sample, PARTITIONS, RATE)
      const times: { upMs: number; durableMs: number }[] = []
      await topicBegun(common)
      let member = start(options)
      for (let round = 0; round < 3; round++) {
        // On a slow machine a restarted process may read the rest in one commit.
        const hasAll = async (): Promise<boolean> =>
          sum(await durableRows(member.state)) === sample.rows
        const commits = (): number => member.looks().at(-1)?.counters.commits ?? 0
        await until('rows', async () => commits() > 2 || (await hasAll()))
        await member.end('SIGKILL')
        const before = sum(await durablePositions(member.state))
        member = start(options)
        // On a slow machine everything may have been read already: no new row can follow.
        if (await hasAll()) break
        const upMs = member.when('its partitions', (look) => heldAt(look).length === PARTITIONS)
        const positions = (): Promise<number> => durablePositions(options.state).then(sum)
        await until('a new row', positions, (now) => now > before)
        const durableMs = Date.now() - member.startedMs
        times.push({ upMs: (await upMs).atMs - member.startedMs, durableMs })
      }
      await filled(filling)
      await allRead([member], sample.rows)
      await assertUnion([member.state], sample)
      assert.ok(times.length > 0, 'it was killed while there was more to read')
      t.diagnostic(`start until partitions, until a new row is durable: ${JSON.stringify(times)}`)
    }),
  ),
)

const sum = (positions: ReadonlyMap<number, number>): number =>
  [...positions.values()].reduce((total, position) => total + position, 0)
