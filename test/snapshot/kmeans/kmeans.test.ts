// K-means ends at a fixed point and is at least as good as the references.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { kmeans as mlKmeans } from 'ml-kmeans'
import { settle } from '../../../src/snapshot/kmeans/settle.ts'
import { seededRandom } from '../../../src/random.ts'
import { meanOf, naiveInertia, solveUpTo, squared, type Point, type Solved } from './reference.ts'

const FIXTURES = new URL('../../fixtures/kmeans/', import.meta.url)

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
      // Members may cancel each other out, so rounding is relative to the largest of them.
      const largest = Math.max(...members.map((member) => Math.abs(member[axis])))
      assert.ok(Math.abs(value - centroid[axis]) <= 1e-12 * largest, `centroid ${c} is not a mean`)
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

function assertNeverRises(solved: readonly Solved[]): void {
  for (const curve of [solved.map(({ inertia }) => inertia), solved.map(({ onTree }) => onTree)]) {
    curve.slice(1).forEach((inertia, at) => {
      assert.ok(inertia <= curve[at] * (1 + 1e-12), `the inertia rises after k ${at + 1}`)
    })
  }
}

for (const { name, points, solutions } of fixtures) {
  test(`${name}: a fixed point, with an inertia of at most scikit-learn's and the best of ten by ml-kmeans`, () => {
    const solved = solveUpTo(points, 10)
    assertNeverRises(solved)
    for (const { k, inertia } of solutions) {
      const solution = solved[k - 1]
      assertFixedPoint(solution)
      assertClose(solution.onTree, solution.inertia)
      assert.ok(
        solution.inertia <= inertia * (1 + 1e-9),
        `k ${k}: ${solution.inertia} > ${inertia}`,
      )
      const runs = Array.from({ length: 10 }, (_, seed) => {
        const { centroids } = mlKmeans(points, k, { seed, maxIterations: 1000, tolerance: 0 })
        return naiveInertia(points, centroids)
      })
      assert.ok(solution.inertia <= Math.min(...runs) * (1 + 1e-9), `k ${k}: worse than ml-kmeans`)
    }
  })
}

test('any points: a fixed point for every k, and the inertia never rises with k', () => {
  const coordinate = fc.oneof(
    fc.constantFrom(0, 1, 0.1),
    fc.integer({ min: -9, max: 9 }),
    fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((value) => Number(value.toFixed(9))),
  )
  const pointsOf = (dimensions: number) =>
    fc.array(fc.array(coordinate, { minLength: dimensions, maxLength: dimensions }), {
      minLength: 1,
      maxLength: 60,
    })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }).chain(pointsOf), (points) => {
      const solved = solveUpTo(points, 7)
      assert.equal(solved.length, Math.min(7, distinctOf(points)))
      assertNeverRises(solved)
      for (const each of solved) assertFixedPoint(each)
    }),
    { numRuns: 150, endOnFailure: true },
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
  const solved = solveUpTo(points, 6)
  assertNeverRises(solved)
  for (const each of solved) assertFixedPoint(each)
})

test('the same points and seed give the same bits', () => {
  const { points } = fixtures[0]
  assert.deepEqual(solveUpTo(points, 5), solveUpTo(points, 5))
})

test('as many clusters as distinct points have an inertia of 0', () => {
  const points = Array.from({ length: 500 }, (_, at) => [at % 7, (at % 7) * 0.1])
  const solved = solveUpTo(points, 10)
  assert.equal(solved.length, 7)
  assert.equal(solved[6].inertia, 0)
})

test('a giant outlier has its own cluster and does not hide the rest', () => {
  const points = Array.from({ length: 300 }, (_, at) => [at < 150 ? 0 : 1, at % 3])
  points.push([1e12, 1e12])
  const solved = solveUpTo(points, 3)
  for (const each of solved) assertFixedPoint(each)
  assert.equal(Math.min(...solved[2].counts), 1)
})

test('centroids that start without points end with points', () => {
  const points = Float64Array.from([0, 1, 2, 10, 11, 12])
  const centroids = Float64Array.from([5, 1000, 2000])
  const { counts, inertia } = settle(points, 1, centroids, 3)
  assert.ok(!counts.includes(0))
  assert.ok(inertia <= 4)
})
