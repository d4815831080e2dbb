// Members of a group share a topic: assignment and takeover; row 10 of the faults has the rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { PARTITIONS, withGroup } from '../faults/kafka/group-load.ts'
import { assertUnion, filled } from './kafka-durable.ts'
import { allRead, appliedOf, heldAt, isRead, shareOf, type Member } from './kafka-member.ts'

const holds = (member: Member, count: number): Promise<unknown> =>
  member.when(`${count} partitions`, (look) => shareOf(look).length === count && reads(look))
const reads = ({ consumer }: Parameters<typeof heldAt>[0]): boolean => consumer.member

test('members that join take only their share; other partitions stay', needsKafka(), () =>
  withGroup(async ({ join: enter, fill, sample }) => {
    const one = enter('one')
    await holds(one, PARTITIONS)
    // The others join within the time of the rows.
    const filling = fill()
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

test('a member that returns late shows no partition of another member', needsKafka(), () =>
  withGroup(async ({ join: enter, fill, sample }) => {
    const filling = fill()
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
  withGroup(async ({ join: enter, fill, sample }) => {
    const filling = fill()
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
