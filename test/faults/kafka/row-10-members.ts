// Row 10: members join, leave, are killed and are suspended, faster than a group settles.
import assert from 'node:assert/strict'
import type { Random } from '../../../src/random.ts'
import { assertUnion, durablePositions, filled } from '../../e2e/kafka-durable.ts'
import { allRead, type Member } from '../../e2e/kafka-member.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'
import { RATE, settled, withGroup, type Group } from './group-load.ts'

/** Partitions are five: with more members some are idle. */
const MOST_MEMBERS = 4
/** Changes of one round before its group has to settle, and how often it has to. */
const BURST = 3
const BURSTS = 2
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** The living members of a group, and the durable positions that each name had last. */
interface Storm {
  group: Group
  living: Map<string, Member>
  stored: Map<string, Map<number, number>>
}

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]

/** Stored positions of a member that was here before do not decrease (I6). */
async function checkStored(context: FaultContext, { stored }: Storm, name: string, state: string) {
  const now = await durablePositions(state, true)
  for (const [partition, position] of stored.get(name) ?? []) {
    assert.ok((now.get(partition) ?? 0) >= position, 'I6: a stored position never decreases')
  }
  stored.set(name, now)
  context.held('I6')
}

/** One change of membership: a member joins, leaves or is killed. */
async function change(context: FaultContext, storm: Storm, random: Random): Promise<void> {
  const { living, group } = storm
  const joins = living.size === 1 || (living.size < MOST_MEMBERS && random() < 0.5)
  if (joins) {
    const name = pick(
      NAMES.filter((one) => !living.has(one)),
      random,
    )
    living.set(name, group.join(name))
    context.reached('a member joins')
    return
  }
  const [name, member] = pick([...living], random)
  living.delete(name)
  const killed = random() < 0.5
  const { code, stderr } = await member.end(killed ? 'SIGKILL' : 'SIGTERM')
  // A member that has not joined yet may end by the signal itself.
  if (!killed && code !== null) assert.equal(code, 0, stderr)
  context.reached(killed ? 'a member is killed' : 'a member leaves')
  await checkStored(context, storm, name, member.state)
}

/** A member is suspended until others have its partitions, and then continues. */
async function suspend(context: FaultContext, storm: Storm, random: Random): Promise<void> {
  const { living, group } = storm
  if (living.size === 1) {
    const name = NAMES.find((one) => !living.has(one)) ?? 'other'
    living.set(name, group.join(name))
  }
  await settled([...living.values()])
  const [name, zombie] = pick([...living], random)
  zombie.running.process.kill('SIGSTOP')
  const before = await durablePositions(zombie.state)
  await settled([...living.values()].filter((member) => member !== zombie))
  const frozen = zombie.looks().length
  const { rebalances } = zombie.last().consumer
  zombie.running.process.kill('SIGCONT')
  const back = await zombie.when(
    'its return',
    ({ consumer }) => consumer.rebalances > rebalances && consumer.member,
  )
  const woken = zombie.looks().slice(frozen)
  const rejoined = woken.findIndex(({ atMs }) => atMs === back.atMs)
  assert.ok(rejoined > 0, 'it reported before it rejoined')
  // It may have read a little between the last report and the stop; the backlog is larger.
  const atMost = zombie.looks()[frozen - 1].counters.applied + RATE
  for (const { counters } of woken.slice(0, rejoined)) {
    assert.ok(counters.applied < atMost, 'a fenced member applies nothing')
  }
  for (const [partition, position] of await durablePositions(zombie.state, true)) {
    assert.ok(position >= (before.get(partition) ?? 0), 'I6: a stored position never decreases')
  }
  await checkStored(context, storm, name, zombie.state)
  context.reached('a member is suspended beyond its session')
}

async function weather(context: FaultContext, group: Group, random: Random): Promise<void> {
  const storm: Storm = { group, living: new Map(), stored: new Map() }
  const filling = group.fill()
  for (const name of NAMES.slice(0, 2)) storm.living.set(name, group.join(name))
  await suspend(context, storm, random)
  for (let burst = 0; burst < BURSTS; burst++) {
    for (let at = 0; at < BURST; at++) await change(context, storm, random)
    await settled([...storm.living.values()])
    context.held('I9')
  }
  const living = [...storm.living.values()]
  await filled(filling)
  await allRead(living, group.sample.rows)
  await assertUnion(
    living.map(({ state }) => state),
    group.sample,
  )
  // Every wait for a report checks the order of its offsets.
  context.held('I1', 'I3', 'I5', 'I13')
}

/** Row 10. */
export const membersChange: FaultRow = {
  number: 10,
  title: 'rebalances without a pause; a suspended member',
  how: 'members join, end by SIGTERM and SIGKILL, and stand still (SIGSTOP) beyond their session, under load',
  holds: ['I1', 'I3', 'I5', 'I6', 'I9', 'I13'],
  also: 'a suspended member applies nothing before it rejoins',
  needs: ['kafka'],
  reaches: ['a member joins', 'a member is suspended beyond its session'],
  shortRounds: 1,
  async run(context) {
    for (const { random } of context.rounds()) {
      await withGroup((group) => weather(context, group, random))
    }
  },
}
