// A path is found by exact names first, then loosely, and never by a guess among several.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPath, type NameLevel } from '../../src/record/column-path.ts'

interface Tree {
  [name: string]: Tree | string
}

const levelOf = (tree: Tree): NameLevel => ({
  names: Object.keys(tree),
  within: (name) => {
    const found = tree[name]
    return typeof found === 'string' ? found : levelOf(found)
  },
})

const found = (tree: Tree, ...path: string[]): readonly string[] =>
  findPath('day.parquet', 'Dur. (ms)', path, levelOf(tree))

const refusal = (message: RegExp) => ({ code: 'input-column', message })

test('a path leads through names, exactly or loosely', () => {
  const tree = { Payload: { after: { 'Elapsed (ms)': 'a number' } }, id: 'text' }
  assert.deepEqual(found(tree, 'payload', 'after', 'elapsed_ms'), [
    'Payload',
    'after',
    'Elapsed (ms)',
  ])
  assert.deepEqual(found(tree, 'id'), ['id'])
})

test('a name with dots is found whole, at each level', () => {
  const tree = { 'traffic.dl': 'x', traffic: { dl: 'y', 'up.v1': 'z' } }
  assert.deepEqual(found(tree, 'traffic', 'dl'), ['traffic.dl'])
  assert.deepEqual(found(tree, 'traffic', 'up', 'v1'), ['traffic', 'up.v1'])
})

test('an exact name counts before a similar one, and two similar ones are refused', () => {
  assert.deepEqual(found({ DL: 'x', dl: 'y' }, 'dl'), ['dl'])
  const two = { traffic_dl: 'x', traffic: { dl_: 'y' } }
  assert.throws(
    () => found(two, 'traffic', 'dl'),
    refusal(
      /^day\.parquet: the column "Dur\. \(ms\)" is mapped to "traffic\.dl", which could be "traffic_dl" and "traffic\.dl_", expected one/,
    ),
  )
})

test('names of other scripts differ by their letters', () => {
  assert.deepEqual(found({ 流量1: 'x', 时长1: 'y' }, '时长1'), ['时长1'])
  assert.throws(() => found({ 流量1: 'x' }, '时长1'), refusal(/nothing is called "时长1"/))
})

test('an absent path is refused at the level where it ends, with the nearest names', () => {
  const tree = { after: { traffic: { down: 'x', up: 'y' }, list: 'a list' }, op: 'text' }
  assert.throws(
    () => found(tree, 'afterr', 'dl'),
    refusal(/but nothing is called "afterr" \(nearest: "after", "op"\); correct --map/),
  )
  assert.throws(
    () => found(tree, 'after', 'traffic', 'dwn'),
    refusal(
      /but in "after" in "traffic" nothing is called "dwn" \(nearest: "down", "up"\); correct/,
    ),
  )
  assert.throws(
    () => found(tree, 'after', 'list', 'dl'),
    refusal(/but in "after" "list" is a list, without names in it; correct --map/),
  )
})
