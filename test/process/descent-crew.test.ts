// Threads that share the descents of k-means: the same solutions to the bit, and failures are seen.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCrew } from '../../src/process/descent-crew.ts'
import { seededRandom } from '../../src/random.ts'
import {
  descentsFrom,
  takeStarts,
  takeStartsFor,
  waitForAll,
} from '../../src/snapshot/kmeans/descents.ts'
import type { Crew, Descents, Trees } from '../../src/snapshot/kmeans/descents.ts'
import { createFilters } from '../../src/snapshot/kmeans/descents.ts'
import { clusterUpTo, createSearch } from '../../src/snapshot/kmeans/kmeans.ts'
import { sharedNumbers } from '../../src/snapshot/kmeans/shared.ts'
import { buildTree } from '../../src/snapshot/kmeans/tree.ts'

const [POINTS, DIMENSIONS, MOST] = [4000, 3, 6] as const

/** A tree over random points with long tails. */
function randomTree() {
  const random = seededRandom(5)
  const points = sharedNumbers(POINTS * DIMENSIONS)
  for (let at = 0; at < points.length; at++) points[at] = -Math.log(1 - random())
  const order = Uint32Array.from({ length: POINTS }, (_, at) => at)
  return buildTree(points, order, DIMENSIONS)
}

for (const cores of [2, 4, 64]) {
  test(`a machine with ${cores} cores finds the solutions of one core`, () => {
    const tree = randomTree()
    const alone = clusterUpTo(createSearch(tree, MOST, 9), MOST)
    const crew = createCrew(cores)
    assert.ok(crew !== null)
    const taken: Descents[] = []
    const watched: Crew = {
      begin: (trees) => crew.begin(trees),
      share(descents) {
        taken.push(descents)
        crew.share(descents)
      },
    }
    // The second search finds the threads running.
    for (let search = 0; search < 2; search++) {
      assert.deepEqual(clusterUpTo(createSearch(tree, MOST, 9, watched), MOST), alone)
    }
    assert.ok(taken.length > MOST, 'descents were shared')
  })
}

test('one core has no crew', () => {
  assert.equal(createCrew(1), null)
})

test('a thread that fails ends the search', () => {
  const tree = randomTree()
  const trees: Trees = { points: tree, sketch: tree, coarse: 0, most: MOST }
  const starts = [0, 1, 2].map((at) => tree.points.slice(at * 6, at * 6 + 6))
  const descents = descentsFrom('points', 2, starts, Infinity)
  const broken = { ...createFilters(trees), points: createFilters(trees).points }
  Object.defineProperty(broken, 'points', {
    get: () => {
      throw new Error('broken')
    },
  })
  assert.throws(() => takeStartsFor(broken, descents), /broken/)
  takeStarts(createFilters(trees), descents)
  assert.throws(() => waitForAll(descents), /a thread of the snapshot has failed/)
})

test('a thread that takes a start and ends without a word ends the search', () => {
  const tree = randomTree()
  const trees: Trees = { points: tree, sketch: tree, coarse: 0, most: MOST }
  const starts = [0, 1].map((at) => tree.points.slice(at * 6, at * 6 + 6))
  const descents = descentsFrom('points', 2, starts, Infinity)
  Atomics.add(descents.counters, 0, 1)
  takeStarts(createFilters(trees), descents)
  assert.throws(() => waitForAll(descents, 1), /has not answered for 0.001 seconds/)
})
