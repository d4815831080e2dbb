// Which member reads which partition: equal shares, and a partition stays where its state is.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  assignPartitions,
  CLAIM,
  decodeClaims,
  encodeClaims,
} from '../../../../consumers/kafka/group/assignment.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)

/** Random numbers of partitions, and random claims of some members. */
const aGroup = fc.nat({ max: 40 }).chain((partitions) =>
  fc.record({
    partitions: fc.constant(partitions),
    claims: fc
      .dictionary(
        fc.string({ minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: partitions }),
        { minKeys: 1, maxKeys: 8 },
      )
      .map((members) => new Map(Object.entries(members))),
  }),
)

const check = <T>(arbitrary: fc.Arbitrary<T>, work: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, work), { seed: SEED, numRuns: 500, endOnFailure: true })

type Assigned = ReadonlyMap<string, readonly number[]>
const loadsOf = (assigned: Assigned): number[] => [...assigned.values()].map((list) => list.length)

/** What members claim once they read what they were assigned. */
function claimsAfter(assigned: Assigned, partitions: number): Map<string, number[]> {
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  return new Map(
    [...assigned].map(([member, list]) => [
      member,
      all.map((partition) => (list.includes(partition) ? CLAIM.held : CLAIM.none)),
    ]),
  )
}

const movedFrom = (before: Assigned, after: Assigned): number => {
  let moved = 0
  for (const [member, list] of before) {
    for (const partition of list) if (after.get(member)?.includes(partition) !== true) moved++
  }
  return moved
}

describe(`an assignment (XDR_PULSE_SEED=${SEED})`, () => {
  test('gives every partition to one member, floor or ceiling of the equal share each', () => {
    check(aGroup, ({ claims, partitions }) => {
      const assigned = assignPartitions(claims, partitions)
      const all = [...assigned.values()].flat().sort((a, b) => a - b)
      assert.deepEqual(
        all,
        Array.from({ length: partitions }, (_, partition) => partition),
      )
      assert.deepEqual([...assigned.keys()].sort(), [...claims.keys()].sort())
      const share = partitions / claims.size
      for (const load of loadsOf(assigned)) {
        assert.ok(load === Math.floor(share) || load === Math.ceil(share), `${load} of ${share}`)
      }
    })
  })

  test('does not depend on the order of members', () => {
    check(aGroup, ({ claims, partitions }) => {
      const reversed = new Map([...claims].reverse())
      const [one, other] = [claims, reversed].map((group) =>
        [...assignPartitions(group, partitions)].sort(([a], [b]) => (a < b ? -1 : 1)),
      )
      assert.deepEqual(one, other)
    })
  })

  test('moves nothing when nothing changes', () => {
    check(aGroup, ({ claims, partitions }) => {
      const assigned = assignPartitions(claims, partitions)
      const again = assignPartitions(claimsAfter(assigned, partitions), partitions)
      assert.deepEqual(again, assigned)
    })
  })

  test('moves no more partitions to a new member than balance needs', () => {
    check(aGroup, ({ claims, partitions }) => {
      const before = assignPartitions(claims, partitions)
      const held = claimsAfter(before, partitions)
      const name = `new ${[...claims.keys()].join('')}`
      const after = assignPartitions(new Map([...held, [name, []]]), partitions)
      const got = after.get(name)?.length ?? 0
      assert.equal(
        got,
        movedFrom(before, after),
        'only the partitions of the new member have moved',
      )
      assert.ok(got <= Math.ceil(partitions / (claims.size + 1)))
    })
  })

  test('gives the partitions of a member that left to the others, and moves no other one', () => {
    const groups = aGroup.filter(({ claims }) => claims.size > 1)
    check(groups, ({ claims, partitions }) => {
      const before = assignPartitions(claims, partitions)
      const [gone] = [...before.keys()]
      const held = claimsAfter(before, partitions)
      held.delete(gone)
      const after = assignPartitions(held, partitions)
      const stayed = new Map([...before].filter(([member]) => member !== gone))
      assert.equal(movedFrom(stayed, after), 0)
    })
  })

  test('keeps a claimed partition with a claimant that has room for all it claims', () => {
    check(aGroup, ({ claims, partitions }) => {
      const assigned = assignPartitions(claims, partitions)
      const share = Math.floor(partitions / claims.size)
      for (const [member, claimed] of claims) {
        const held = claimed.flatMap((claim, partition) =>
          claim === CLAIM.held ? [partition] : [],
        )
        const alone = held.filter((partition) =>
          [...claims].every(([name, other]) => name === member || other[partition] !== CLAIM.held),
        )
        // No other member holds any of these, and they do not exceed the equal share.
        if (alone.length !== held.length || held.length > share) continue
        for (const partition of held) assert.ok(assigned.get(member)?.includes(partition))
      }
    })
  })

  test('prefers the member that reads a partition over one that keeps an older state of it', () => {
    const claims = new Map([
      ['a', [CLAIM.kept, CLAIM.held]],
      ['b', [CLAIM.held, CLAIM.kept]],
    ])
    assert.deepEqual(
      assignPartitions(claims, 2),
      new Map([
        ['a', [1]],
        ['b', [0]],
      ]),
    )
  })

  test('leaves a state that cannot be read again with its member, whatever the shares', () => {
    const states = fc.constantFrom(CLAIM.files, CLAIM.only)
    const settings = fc.record({
      owners: fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), states), { minLength: 1 }),
      more: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 }),
    })
    check(settings, ({ owners, more }) => {
      // Members 0 to 2 hold what cannot be read again; member 3 is new; others hold the rest.
      const claimsOf = (member: number): number[] => [
        ...owners.map(([owner, claim]) => (owner === member ? claim : CLAIM.none)),
        ...more.map((owner) => (owner === member ? CLAIM.held : CLAIM.none)),
      ]
      const claims = new Map([0, 1, 2, 3].map((member) => [`m${member}`, claimsOf(member)]))
      const partitions = owners.length + more.length
      const assigned = assignPartitions(claims, partitions)
      owners.forEach(([owner], partition) => {
        assert.ok(assigned.get(`m${owner}`)?.includes(partition))
      })
      const all = [...assigned.values()].flat().sort((a, b) => a - b)
      assert.deepEqual(all, [...Array(partitions).keys()], 'each partition once')
    })
  })

  test('a state that only one member can have wins over one that files were applied to', () => {
    const claims = new Map([
      ['new', [CLAIM.files, CLAIM.files]],
      ['old', [CLAIM.only, CLAIM.files]],
    ])
    const assigned = assignPartitions(claims, 2)
    assert.deepEqual(assigned.get('old'), [0])
    assert.deepEqual(assigned.get('new'), [1])
  })

  test('of a group without members is empty', () => {
    assert.equal(assignPartitions(new Map(), 3).size, 0)
  })
})

test('claims are decoded as they were encoded, and bytes of foreign members are accepted', () => {
  check(fc.array(fc.integer({ min: 0, max: 4 })), (claims) => {
    assert.deepEqual(decodeClaims(encodeClaims(claims)), claims)
  })
  check(fc.uint8Array(), (bytes) => {
    const claims = decodeClaims(bytes)
    assert.equal(claims.length, bytes.length)
    assert.ok(claims.every((claim) => claim >= CLAIM.none && claim <= CLAIM.only))
  })
  assert.deepEqual([decodeClaims(null), decodeClaims(undefined)], [[], []])
})
