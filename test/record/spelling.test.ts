// Edit distances are those of the textbook, and only near words are suggested.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, meant } from '../../src/record/spelling.ts'

test('edit distances are those of the textbook, and a swap counts once', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('flaw', 'lawn'), 2)
  assert.equal(editDistance('Start', 'strat'), 1)
})

test('the nearest word is suggested, and none when none is near', () => {
  const words = ['segment', 'limit', 'after']
  assert.equal(meant('segmnt', words), ' (did you mean segment?)')
  assert.equal(meant('limt', words), ' (did you mean limit?)')
  assert.equal(meant('bogus', words), '')
  assert.equal(meant('', words), '')
  assert.equal(meant('limit', []), '')
})
