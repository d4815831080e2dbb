// A member of a group whose brokers are away: what it tries, and that it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGroup } from '../../../../consumers/kafka/group/membership.ts'

const NOBODY = { brokers: ['127.0.0.1:1'], tls: null, sasl: null }
const OPTIONS = { groupId: 'group', instanceId: 'member', topic: 'xdr', sessionTimeoutMs: 6000 }

test('one that left joins no more: a client that is closed would be asked for ever', async () => {
  const failed = Promise.withResolvers<undefined>()
  const errors: string[] = []
  const group = createGroup(NOBODY, OPTIONS, () => [], {
    onAssigned: () => undefined,
    onExcluded: () => undefined,
    onError(_, message) {
      errors.push(message)
      failed.resolve(undefined)
    },
  })
  group.join()
  await failed.promise
  await group.leave()
  // As the timer does that was set before.
  group.join()
  await group.settled(0)
  assert.equal(errors.length, 1, errors.join('\n'))
})
