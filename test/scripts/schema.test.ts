// The published JSON schema is that of the code, and `report --json` satisfies it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { SCHEMA_FILE, schemaText } from '../../scripts/schema.ts'
import { pulse } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'

const published = readFileSync(SCHEMA_FILE, 'utf8')
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(
  JSON.parse(published) as object,
)
const EMPTY_FILE = join(import.meta.dirname, '..', 'fixtures', 'parquet', 'empty.parquet')

test('the file is up to date, else run npm run schema', () => {
  assert.equal(published, schemaText())
})

/** Replays a file into a new state and returns the report. */
async function reportOf(file: string, directory: string): Promise<Record<string, unknown>> {
  const state = join(directory, 'state')
  const replayed = await pulse(['replay', file, '--state', state])
  assert.equal(replayed.code, 0, replayed.stderr)
  const { stdout, stderr } = await pulse(['report', '--state', state, '--json'])
  assert.equal(stderr, '')
  return JSON.parse(stdout) as Record<string, unknown>
}

test('a report satisfies it, and a damaged one does not', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'sample.parquet')
    const size = ['--rows', '2000', '--subscribers', '200', '--days', '3', '--dirt', '0.1']
    await pulse(['generate', ...size, '--out', file])
    const report = await reportOf(file, directory)
    assert.ok(validate(report), JSON.stringify(validate.errors))
    assert.ok(!validate({ ...report, records: -1 }))
    assert.ok(!validate({ ...report, trafficBytes: '17 GB' }))
    assert.ok(!validate(Object.fromEntries(Object.entries(report).slice(1))))
  }))

test('a report without subscribers satisfies it', () =>
  withDirectory(async (directory) => {
    const report = await reportOf(EMPTY_FILE, directory)
    assert.equal(report['subscribers'], 0)
    assert.ok(validate(report), JSON.stringify(validate.errors))
  }))
