// Any value of its variable turned a switch on; timers with long intervals fired immediately.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseValues } from '../../src/config.ts'
import { pulse } from '../e2e/command.ts'

const usage = { code: 'usage' }

test('a switch has the value of its environment variable', async () => {
  const env = { XDR_PULSE_STATE: '/nowhere', XDR_PULSE_JSON: 'maybe' }
  const { code, stderr } = await pulse(['status'], { env })
  assert.match(stderr, /^xdr-pulse: XDR_PULSE_JSON is "maybe", expected true or false\n$/)
  assert.equal(code, 2)
  for (const [text, on] of Object.entries({ true: true, 1: true, false: false, 0: false })) {
    assert.deepEqual(parseValues(['serve'], { serve: text }), { serve: on })
  }
  assert.deepEqual(parseValues(['serve'], { serve: '' }), { serve: false })
})

test('an interval that exceeds the range of timers is refused', () => {
  const parse = (time: string) => parseValues(['snapshotInterval'], { snapshotInterval: time })
  assert.equal(parse('576h').snapshotInterval < 2 ** 31, true)
  assert.throws(() => parse('600h'), usage)
  assert.throws(() => parse(`${'9'.repeat(400)}s`), usage)
})

test('the error for a wrong value names the flag', async () => {
  const env = { XDR_PULSE_JSON: 'true' }
  const { code, stderr } = await pulse(['run', '--topic', 'x', '--log-level', 'loud'], { env })
  assert.equal(code, 2)
  assert.match(stderr, /--log-level is "loud", expected/)
})

test('a misspelled variable is reported with the nearest name, others are not', async () => {
  const env = { XDR_PULSE_STAT: 'x', XDR_PULSE_SASL_SECRET: 'y', XDR_PULSE_SOMETHING_ELSE: 'z' }
  const { stderr } = await pulse(['status', '--help'], { env })
  assert.equal(stderr, 'XDR_PULSE_STAT is not read (did you mean XDR_PULSE_STATE?)\n')
})
