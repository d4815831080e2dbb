// The loop of every source: it applies before it asks for more, and commits when that is due.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ingestAll } from '../../../consumers/ingest/loop.ts'

/** Runs the loop over deliveries; a commit is due after each of those in `due`. */
async function run(list: readonly (string | null)[], due: ReadonlySet<number>): Promise<string[]> {
  const seen: string[] = []
  let delivered = 0
  async function* deliveries(): AsyncGenerator<string | null> {
    for (const delivery of list) {
      await Promise.resolve()
      seen.push(`deliver ${delivery}`)
      delivered++
      yield delivery
    }
  }
  await ingestAll(deliveries(), {
    apply: (delivery) => void seen.push(`apply ${delivery}`),
    isDue: () => due.has(delivered),
    commit: () => void seen.push('commit'),
  })
  return seen
}

test('a delivery is applied, and committed if due, before the next one is requested', async () => {
  assert.deepEqual(await run(['a', 'b', 'c'], new Set([2])), [
    ...['deliver a', 'apply a'],
    ...['deliver b', 'apply b', 'commit'],
    ...['deliver c', 'apply c'],
    'commit',
  ])
})

test('applied rows are committed also while no delivery arrives', async () => {
  const seen = await run(['a', null, null], new Set([3]))
  assert.deepEqual(seen, [
    'deliver a',
    'apply a',
    'deliver null',
    'deliver null',
    'commit',
    'commit',
  ])
})

test('an error while applying ends the loop without a commit', async () => {
  let commits = 0
  let closed = false
  async function* deliveries(): AsyncGenerator<string> {
    try {
      yield await Promise.resolve('a')
    } finally {
      closed = true
    }
  }
  const failing = ingestAll(deliveries(), {
    apply: () => {
      throw new Error('the store failed')
    },
    isDue: () => true,
    commit: () => {
      commits++
    },
  })
  await assert.rejects(failing, /the store failed/)
  assert.deepEqual({ commits, closed }, { commits: 0, closed: true })
})
