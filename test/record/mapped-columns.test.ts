// A map is read as it is written, and what it cannot mean is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseValues } from '../../src/config.ts'
import { mapText, type MappedColumns } from '../../src/record/mapped-columns.ts'
import { parseMap } from '../../src/record/parse-map.ts'

const parsed = (text: string): MappedColumns => {
  const found = parseMap(text)
  assert.ok('mapped' in found, JSON.stringify(found))
  return found.mapped
}

test('a column is named loosely, and a dot divides its path', () => {
  assert.deepEqual(parsed('Dur. (ms)=elapsed_ms,Total DL (Bytes)=traffic.dl, msisdn = a.b.c ,'), {
    'Dur. (ms)': ['elapsed_ms'],
    'Total DL (Bytes)': ['traffic', 'dl'],
    'MSISDN/Number': ['a', 'b', 'c'],
  })
  assert.deepEqual(parsed(''), {})
  assert.deepEqual(parsed('Dur. (ms).1=a=b'), { 'Dur. (ms).1': ['a=b'] })
})

test('a backslash takes the next character as it is', () => {
  const mapped = { Start: ['begin, local', 'v1.2'], End: ['a\\b'] }
  assert.deepEqual(parsed('Start=begin\\, local.v1\\.2,End=a\\\\b'), mapped)
  assert.equal(mapText(mapped), 'Start=begin\\, local.v1\\.2,End=a\\\\b')
})

test('the same map has the same text, in any order and spelling', () => {
  const text = 'Dur. (ms)=elapsed,Total DL (Bytes)=traffic.dl'
  assert.equal(mapText(parsed('total dl = traffic.dl, duration=elapsed')), text)
  assert.equal(mapText(parsed(text)), text)
  assert.equal(mapText({}), '')
})

test('what cannot be meant is refused, with what is expected', () => {
  const refused = {
    'Durr=x':
      /--map is "Durr=x", expected one of the 55 columns before each "=", not "Durr" \(nearest: "Dur. \(ms\)"/,
    'Total DL KB=x': /not "Total DL KB" \(nearest: "Total DL \(Bytes\)"/,
    elapsed: /expected NAME=path, comma-separated \("elapsed" has no "="\)/,
    'Start=': /expected a path after "Start="/,
    'Start= . ': /expected a path after "Start="/,
    'Start=a,start=b': /expected each column once, not "Start" twice/,
    'Total DL=x,Total UL=x': /not "x" for both Total DL \(Bytes\) and Total UL \(Bytes\)/,
  }
  for (const [map, message] of Object.entries(refused)) {
    assert.throws(() => parseValues(['map'], { map }), { code: 'usage', message }, map)
  }
  assert.deepEqual(parsed('Bearer Id=msisdn,MSISDN=msisdn')['Bearer Id'], ['msisdn'])
})
