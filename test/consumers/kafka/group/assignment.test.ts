// Who reads which partition: everyone as many, and whoever has a partition's state keeps it.
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

/** Partitions and what each of some members says of each of them, at random. */
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

type Dealt = ReadonlyMap<string, readonly number[]>
const loadsOf = (dealt: Dealt): number[] => [...dealt.values()].map((list) => list.length)

/** What members say once they read what they were dealt. */
function claimsAfter(dealt: Dealt, partitions: number): Map<string, number[]> {
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  return new Map(
    [...dealt].map(([member, list]) => [
      member,
      all.map((partition) => (list.includes(partition) ? CLAIM.held : CLAIM.none)),
    ]),
  )
}

const movedFrom = (before: Dealt, after: Dealt): number => {
  let moved = 0
  for (const [member, list] of before) {
    for (const partition of list) if (after.get(member)?.includes(partition) !== true) moved++
  }
  return moved
}

describe(`an assignment (XDR_PULSE_SEED=${SEED})`, () => {
  test('deals every partition once, floor or ceiling of the equal share each', () => {
    check(aGroup, ({ claims, partitions }) => {
      const dealt = assignPartitions(claims, partitions)
      const all = [...dealt.values()].flat().sort((a, b) => a - b)
      assert.deepEqual(
        all,
        Array.from({ length: partitions }, (_, partition) => partition),
      )
      assert.deepEqual([...dealt.keys()].sort(), [...claims.keys()].sort())
      const share = partitions / claims.size
      for (const load of loadsOf(dealt)) {
        assert.ok(load === Math.floor(share) || load === Math.ceil(share), `${load} of ${share}`)
      }
    })
  })

  test('is the same whoever computes it', () => {
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
      const dealt = assignPartitions(claims, partitions)
      const again = assignPartitions(claimsAfter(dealt, partitions), partitions)
      assert.deepEqual(again, dealt)
    })
  })

  test('gives a new member what balance asks and not one more', () => {
    check(aGroup, ({ claims, partitions }) => {
      const before = assignPartitions(claims, partitions)
      const held = claimsAfter(before, partitions)
      const name = `new ${[...claims.keys()].join('')}`
      const after = assignPartitions(new Map([...held, [name, []]]), partitions)
      const got = after.get(name)?.length ?? 0
      assert.equal(got, movedFrom(before, after), 'only what the new member got was taken away')
      assert.ok(got <= Math.ceil(partitions / (claims.size + 1)))
    })
  })

  test('gives what a member left behind to the others, and takes nothing from them', () => {
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
      const dealt = assignPartitions(claims, partitions)
      const share = Math.floor(partitions / claims.size)
      for (const [member, said] of claims) {
        const held = said.flatMap((claim, partition) => (claim === CLAIM.held ? [partition] : []))
        const alone = held.filter((partition) =>
          [...claims].every(([name, other]) => name === member || other[partition] !== CLAIM.held),
        )
        // Nobody else holds any of these, and they are no more than everyone's share.
        if (alone.length !== held.length || held.length > share) continue
        for (const partition of held) assert.ok(dealt.get(member)?.includes(partition))
      }
    })
  })

  test('prefers who shows a partition now over who keeps an older state of it', () => {
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

  test('of no members is nobody', () => {
    assert.equal(assignPartitions(new Map(), 3).size, 0)
  })
})

test('claims survive their way through the group, whatever a foreign member sends', () => {
  check(fc.array(fc.integer({ min: 0, max: 2 })), (claims) => {
    assert.deepEqual(decodeClaims(encodeClaims(claims)), claims)
  })
  check(fc.uint8Array(), (bytes) => {
    const claims = decodeClaims(bytes)
    assert.equal(claims.length, bytes.length)
    assert.ok(claims.every((claim) => claim >= CLAIM.none && claim <= CLAIM.held))
  })
  assert.deepEqual([decodeClaims(null), decodeClaims(undefined)], [[], []])
})
