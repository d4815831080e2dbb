// Members of a group share a topic: assignment, takeover and fencing.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { assertUnion, durablePositions, filled } from './kafka-durable.ts'
import { makeSample, startFilling, topicBegun, type Sample } from './kafka-durable.ts'
import {
  allRead,
  appliedOf,
  heldAt,
  isRead,
  shareOf,
  withMembers,
  type Member,
} from './kafka-member.ts'
import type { Running } from './command.ts'

const PARTITIONS = 5
const ROWS = 30_000
const RATE = 1500
const SESSION_MS = 2000

interface Setting {
  /** Starts a member with its own state. */
  join: (name: string, ...more: string[]) => Member
  filling: Running
  sample: Sample
}

/** Runs `work` with a topic under load and members of a new group. */
const withTopic = (work: (setting: Setting) => Promise<void>): Promise<void> =>
  withDirectory((directory) =>
    withMembers(async (start) => {
      const { bootstrap: brokers } = await sharedBroker()
      const sample = await makeSample(directory, PARTITIONS, { rows: ROWS, subscribers: 2000 })
      const common = { brokers, topic: uniqueName('members'), group: uniqueName('group') }
      const filling = startFilling(brokers, common.topic, sample, PARTITIONS, RATE)
      await topicBegun(common)
      const usual = ['--session-timeout', `${SESSION_MS}ms`]
      await work({
        join: (name, ...more) =>
          start({ ...common, state: join(directory, name), more: [...usual, ...more] }),
        filling,
        sample,
      })
    }),
  )

const holds = (member: Member, count: number): Promise<unknown> =>
  member.when(`${count} partitions`, (look) => shareOf(look).length === count && reads(look))
const reads = ({ consumer }: Parameters<typeof heldAt>[0]): boolean => consumer.member

test('members that join take only their share; other partitions stay', needsKafka(), () =>
  withTopic(async ({ join: enter, filling, sample }) => {
    const one = enter('one')
    await holds(one, PARTITIONS)
    const two = enter('two')
    await Promise.all([holds(one, 3), holds(two, 2)])
    const three = enter('three')
    await Promise.all([holds(one, 2), holds(two, 2), holds(three, 1)])
    const kept = heldAt(one.last())
    // Reports from before and after the rebalance.
    const looks = one.looks()
    const alone = looks.findIndex((look) => shareOf(look).length === PARTITIONS)
    const after = looks.findIndex((look, at) => at > alone && shareOf(look).length === 2)
    for (const partition of kept) {
      const held = looks.slice(0, after + 1).map((look) => heldAt(look).includes(partition))
      assert.ok(
        held.slice(held.indexOf(true)).every(Boolean),
        'a partition that stays is never released',
      )
    }
    const around = looks.slice(Math.max(0, after - 8), after + 1)
    assert.ok(
      kept.some(
        (partition) =>
          appliedOf(around[around.length - 1], partition) > appliedOf(around[0], partition),
      ),
      'partitions that stay are read while members join',
    )
    await filled(filling)
    await allRead([one, two, three], sample.rows)
    await assertUnion([one.state, two.state, three.state], sample)

    await three.end('SIGKILL')
    const [gone] = heldAt(three.looks().at(-1) ?? one.last())
    await allRead([one, two], sample.rows)
    assert.ok([one, two].some((member) => heldAt(member.last()).includes(gone)))
    await assertUnion([one.state, two.state], sample)
  }),
)

test('a member suspended beyond its session applies nothing until it rejoins', needsKafka(), () =>
  withTopic(async ({ join: enter, filling, sample }) => {
    const zombie = enter('zombie')
    const other = enter('other')
    await Promise.all(
      [zombie, other].map((member) =>
        member.when(
          'its share',
          (look) =>
            shareOf(look).length < PARTITIONS &&
            shareOf(look).length > 1 &&
            look.counters.applied > 0,
        ),
      ),
    )
    zombie.running.process.kill('SIGSTOP')
    const before = await durablePositions(zombie.state)
    await holds(other, PARTITIONS)
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
      assert.ok(position >= (before.get(partition) ?? 0), 'a stored position never decreases')
    }
    await Promise.all(
      [zombie, other].map((member) =>
        member.when(
          'its share',
          (look) => shareOf(look).length > 1 && shareOf(look).length < PARTITIONS,
        ),
      ),
    )
    await filled(filling)
    await allRead([zombie, other], sample.rows)
    await assertUnion([zombie.state, other.state], sample)
  }),
)

test('a member that returns late shows no partition of another member', needsKafka(), () =>
  withTopic(async ({ join: enter, filling, sample }) => {
    const late = enter('late')
    await holds(late, PARTITIONS)
    await late.when('durable rows', ({ counters }) => counters.commits > 1)
    await late.end('SIGKILL')
    const other = enter('other')
    await holds(other, PARTITIONS)
    const back = enter('late')
    await Promise.all([
      back.when('its share', (look) => shareOf(look).length > 1),
      other.when('its share', (look) => heldAt(look).length < PARTITIONS),
    ])
    await filled(filling)
    await allRead([back, other], sample.rows)
    await assertUnion([back.state, other.state], sample)
  }),
)

test('of two processes with one instance id the first one ends', needsKafka(), () =>
  withTopic(async ({ join: enter, filling, sample }) => {
    const first = enter('first', '--instance-id', 'same')
    await holds(first, PARTITIONS)
    const second = enter('second', '--instance-id', 'same')
    const { code, signal, stderr } = await first.running.ended
    assert.deepEqual({ code, signal }, { code: 1, signal: null }, stderr)
    assert.match(stderr, /another process has joined the group as "same".*--instance-id/)
    await filled(filling)
    await allRead([second], sample.rows)
    await assertUnion([second.state], sample)
    assert.ok(isRead(second.last()))

    const third = enter('second', '--instance-id', 'other')
    const locked = await third.running.ended
    assert.equal(locked.code, 1)
    assert.match(locked.stderr, new RegExp(`\\b${second.running.process.pid}\\b`))
    assert.ok(
      second.running.process.exitCode === null,
      'the process that writes the state still runs',
    )
  }),
)
