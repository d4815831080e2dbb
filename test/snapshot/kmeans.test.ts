// K-means ends at a true fixed point and is as good as the references or better.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { kmeans as mlKmeans } from 'ml-kmeans'
import { seededRandom } from '../../src/random.ts'
import {
  meanOf,
  naiveInertia,
  solve,
  squared,
  type Point,
  type Solved,
} from './kmeans-reference.ts'

const FIXTURES = new URL('../fixtures/kmeans/', import.meta.url)

interface Fixture {
  points: number[][]
  solutions: { k: number; inertia: number }[]
}

const fixtures = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({
    name,
    ...(JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8')) as Fixture),
  }))

/** Each point belongs to its nearest centroid, each centroid is the mean of its points. */
function assertFixedPoint({ points, labels, centroids, counts, inertia }: Solved): void {
  points.forEach((point, at) => {
    const distances = centroids.map((centroid) => squared(point, centroid))
    assert.ok(distances[labels[at]] <= Math.min(...distances) * (1 + 1e-9), `point ${at} can move`)
  })
  centroids.forEach((centroid, c) => {
    const members = points.filter((_, at) => labels[at] === c)
    assert.equal(members.length, counts[c])
    assert.ok(members.length > 0, 'no segment is empty')
    meanOf(members).forEach((value, axis) => {
      assert.ok(Math.abs(value - centroid[axis]) <= 1e-9 * Math.max(1, Math.abs(value)))
    })
  })
  assertClose(inertia, naiveInertia(points, centroids))
}

function assertClose(actual: number, expected: number): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(expected, 1e-300) + 1e-25,
    `${actual} is not ${expected}`,
  )
}

function distinctOf(points: readonly Point[]): number {
  return new Set(points.map(String)).size
}

for (const { name, points, solutions } of fixtures) {
  test(`${name}: at rest, and no inertia above scikit-learn's`, () => {
    for (const { k, inertia } of solutions) {
      const solved = solve(points, k)
      assertFixedPoint(solved)
      assert.ok(solved.inertia <= inertia * (1 + 1e-9), `k ${k}: ${solved.inertia} > ${inertia}`)
    }
  })

  test(`${name}: no inertia above the best of ten runs of ml-kmeans`, () => {
    for (const { k } of solutions) {
      const runs = Array.from({ length: 10 }, (_, seed) => {
        const { centroids } = mlKmeans(points, k, { seed, maxIterations: 1000, tolerance: 0 })
        return naiveInertia(points, centroids)
      })
      assert.ok(solve(points, k).inertia <= Math.min(...runs) * (1 + 1e-9), `k ${k}`)
    }
  })
}

test('any points: a fixed point, and the inertia never rises with k', () => {
  const coordinate = fc.oneof(
    fc.constantFrom(0, 1, 0.1),
    fc.integer({ min: -9, max: 9 }),
    fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
  )
  const pointsOf = (dimensions: number) =>
    fc.array(fc.array(coordinate, { minLength: dimensions, maxLength: dimensions }), {
      minLength: 1,
      maxLength: 60,
    })
  const cases = fc.tuple(
    fc.integer({ min: 1, max: 4 }).chain(pointsOf),
    fc.integer({ min: 1, max: 10 }),
  )
  fc.assert(
    fc.property(cases, ([points, wanted]) => {
      const solved = solve(points, Math.min(wanted, distinctOf(points)))
      assertFixedPoint(solved)
      solved.curve.slice(1).forEach((inertia, at) => {
        assert.ok(inertia <= solved.curve[at], `inertia rises from k ${at + 1} on`)
      })
    }),
    { numRuns: 200 },
  )
})

test('more points than the sketch holds: a fixed point on all of them', () => {
  const random = seededRandom(3)
  const skewed = (): number => Math.exp(3 * (random() + random() + random()))
  const points = Array.from({ length: 20_000 }, () => [
    skewed(),
    skewed(),
    Math.round(skewed() / 99),
  ])
  const solved = solve(points, 6)
  assertFixedPoint(solved)
  solved.curve.slice(1).forEach((inertia, at) => assert.ok(inertia < solved.curve[at]))
})

test('as many clusters as distinct points leave no distance', () => {
  const points = Array.from({ length: 500 }, (_, at) => [at % 7, (at % 7) * 0.1])
  const solved = solve(points, 7)
  assertFixedPoint(solved)
  assert.equal(solved.inertia, 0)
})

test('a giant outlier gets its own cluster and does not hide the rest', () => {
  const points = Array.from({ length: 300 }, (_, at) => [at < 150 ? 0 : 1, at % 3])
  points.push([1e12, 1e12])
  const solved = solve(points, 3)
  assertFixedPoint(solved)
  assert.deepEqual([...solved.counts].sort((a, b) => a - b)[0], 1)
})
