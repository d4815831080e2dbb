// A short run of each fuzzer: no input throws, ends or blocks, and each reaches what it is for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzAvro, fuzzAvroSchemas, fuzzAvroTimes } from './avro.ts'
import type { Fuzzer } from './fuzz.ts'
import { fuzzJson } from './json.ts'
import { fuzzRecordBatches } from './record-batches.ts'
import { fuzzRegistryAnswers } from './registry-answers.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
/** With more rounds: XDR_PULSE_FUZZ_TIMES=100 node --test test/fuzz/fuzz.test.ts */
const TIMES = Number(process.env.XDR_PULSE_FUZZ_TIMES ?? 1)

const FUZZERS: readonly [name: string, run: Fuzzer, rounds: number, reaches: string[]][] = [
  ['Avro messages', fuzzAvro, 60, ['whole messages', 'damaged messages rejected']],
  ['Avro times', fuzzAvroTimes, 400, ['times', 'unreadable times']],
  ['Avro schemas', fuzzAvroSchemas, 100, ['schemas compiled', 'schemas refused']],
  ['JSON messages', fuzzJson, 120, ['objects read', 'messages rejected']],
  [
    'record batches',
    fuzzRecordBatches,
    500,
    ['records', 'records that do not fit', 'batches read'],
  ],
  ['registry answers', fuzzRegistryAnswers, 100, ['the answer of the registry', 'does not match']],
]

for (const [name, run, rounds, reaches] of FUZZERS) {
  test(`${name} of any kind are read or rejected (XDR_PULSE_SEED=${SEED})`, async () => {
    const { broken, reached, rounds: done } = await run(SEED, rounds * TIMES)
    assert.equal(broken, null)
    assert.equal(done, rounds * TIMES)
    for (const what of reaches)
      assert.ok((reached[what] ?? 0) > 0, `${what}: ${JSON.stringify(reached)}`)
  })
}
