// An MSISDN is the same number in every spelling; API, page and command line have tests of their own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { msisdnOf } from '../../src/record/msisdn.ts'
import { isMsisdn } from '../../src/record/validation.ts'
import { NOT_SPELLINGS, spellingsOf } from './spellings.ts'

for (const msisdn of [33_612_345_678, 999_999_999_999_999]) {
  for (const spelt of spellingsOf(msisdn)) {
    test(`${JSON.stringify(spelt)} is one number`, () => {
      assert.equal(msisdnOf(spelt), msisdn)
    })
  }
}

for (const text of NOT_SPELLINGS) {
  test(`${JSON.stringify(text)} is none`, () => {
    assert.equal(isMsisdn(msisdnOf(text)), false)
  })
}
