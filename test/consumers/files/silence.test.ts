// The silence of folding threads: how long one of them has not answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silenceOf } from '../../../consumers/files/threads/folding.ts'

test('only a thread that owes an answer is silent', () => {
  const answered = { unanswered: 0, heardMs: 0 }
  assert.equal(silenceOf({ threads: [] }, 90), 0)
  assert.equal(silenceOf({ threads: [answered] }, 90), 0)
  const waiting = { unanswered: 2, heardMs: 70 }
  assert.equal(silenceOf({ threads: [answered, waiting, { ...waiting, heardMs: 30 }] }, 90), 60)
})
