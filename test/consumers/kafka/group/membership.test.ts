// A member of a group whose brokers are not reachable: it tries to join, and it can leave.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGroup, joinGroup, leaveGroup } from '../../../../consumers/kafka/group/membership.ts'
import { settleOffsets } from '../../../../consumers/kafka/group/offsets.ts'
import { createWarnings } from '../../../../consumers/ingest/warnings.ts'

const NO_BROKER = { brokers: ['127.0.0.1:1'], clientId: 'test', tls: null, sasl: null }
const OPTIONS = { groupId: 'group', instanceId: 'member', topics: ['xdr'], sessionTimeoutMs: 6000 }

test('a member that left does not join again: its client is closed', async () => {
  const failed = Promise.withResolvers<undefined>()
  const errors: string[] = []
  const warnings = createWarnings()
  warnings.error = (_, message) => {
    errors.push(message)
    failed.resolve(undefined)
  }
  const group = createGroup(NO_BROKER, OPTIONS, () => [], warnings)
  joinGroup(group)
  await failed.promise
  await leaveGroup(group)
  // As the timer does that was set when joining failed.
  joinGroup(group)
  await settleOffsets(group.offsets, 0)
  assert.equal(errors.length, 1, errors.join('\n'))
})
