// The worst habits of language are not in documents, comments, strings, rules and dashboards.
//
// Few patterns, each precise: a test with false alarms is soon ignored. Generated tables of documents
// are not checked: their words are those of the code, which is checked itself.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../source-tree.ts'
import { currentDocuments, documents, ELSEWHERE } from './documents.ts'

/** The patterns themselves, and their examples. */
const SELF = 'test/docs/language.test.ts'

/** What is rejected, and what to write instead. A space stands for any white space. */
const HABITS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bfor ever\b/, 'forever, or until when'],
  [/(?<!\bthere )\bis no (?!longer\b|more\b)\w+/, 'is not a'],
  [/\bbut for\b/, 'except'],
  [/\bso many\b/, 'the number'],
  [/\bwhoever\b/, 'any client, any process'],
  [/\b(?:go|goes|going|went) on\b/, 'continue'],
  [/\bdeal(?:s|t|ing)? with\b/, 'apply, handle'],
  [/\blest\b/, 'so that … not'],
  [/\bbesides\b/, 'in addition, except'],
  [
    /\b(?:is|are|was|were|be) (?:said|told)\b|\btells?\b|\bsays?\b/,
    'report, log, return, show, name',
  ],
  [/\bstands\b(?! for\b)/, 'is, is stored, is listed'],
  [
    /\b(?:rows|records|bytes|messages|requests|snapshots|times|once|events|MB|MiB|hours of traffic) an? (?:second|minute|hour|day)\b/,
    'per',
  ],
  [/\b(?:bytes|B|µs|ns|bits?) an? (?:row|record|subscriber|batch|event)\b/, 'per'],
  [/\bone \w+ an? (?:line|row|partition|subscriber|command|member|second)\b/, 'per'],
  [/\bwhom\b/, 'that'],
  [/\bours\b|\bour own\b/, 'this project, its own'],
  [/\bmend(?:s|ed|ing)?\b/, 'fix, reprocess'],
  [/\bill\b(?!-)/, 'badly'],
  [/\badds? up\b/, 'is consistent, sums to'],
  [/\bto begin with\b/, 'bootstrap'],
]
const RULES = HABITS.map(([{ source }, instead]) => ({
  pattern: new RegExp(source.replaceAll(' ', '\\s+'), 'gi'),
  instead,
}))

/** Blanks of the same length, so that matches keep their line numbers. */
const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** Blanks what begins a line of a comment or joins two strings: sentences continue over lines. */
const joined = (text: string): string =>
  text.replaceAll(/['"`] \+\n\s*['"`]/g, blank).replaceAll(/^[ \t]*(?:\/\/|\/?\*+|#|-|>)/gm, blank)

const withoutTables = (text: string): string =>
  text.replaceAll(/^<!-- (\w+) -->[^]*?^<!-- \/\1 -->/gm, blank)

interface Source {
  path: string
  text: string
}

const prose: Source[] = documents.map(({ path, prose: text }) => ({
  path,
  text: withoutTables(text),
}))

const PATTERNS = [
  '{src,consumers,state,scripts,bench,test}/**/*.{ts,js,mjs,css,html,py,java}',
  'grafana/**/*.{yml,json}',
  '*.yml',
  'Dockerfile',
  '.ci/run',
  '.github/**/*.yml',
]
const code: Source[] = globSync(PATTERNS, { cwd: ROOT, exclude: ELSEWHERE })
  .filter((path) => path !== SELF)
  .sort()
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

/** Every habit found in a source, with its line and what to write instead. */
function habitsIn({ path, text }: Source): string[] {
  const read = joined(text)
  return RULES.flatMap(({ pattern, instead }) =>
    [...read.matchAll(pattern)].map(({ 0: found, index }) => {
      const line = read.slice(0, index).split('\n').length
      return `${path}:${line}: "${found.replaceAll(/\s+/g, ' ')}"; better: ${instead}`
    }),
  )
}

test('habits are found, also over the end of a line', () => {
  const text = '// It goes\n// on for ' + 'ever.\nconst a = "Reading is " +\n  "no use"\n'
  assert.deepEqual(
    habitsIn({ path: 'a', text }).map((found) => found.split(';')[0]),
    ['a:2: "for ever"', 'a:3: "is no use"', 'a:1: "goes on"'],
  )
})

test('documents have one sentence per line', () => {
  const long = currentDocuments.flatMap(({ path, prose: text }) =>
    text.split('\n').flatMap((line, at) => {
      const words = line.replace(/^\s*(?:[-*]|\d+\.) +/, '').replace(/^\*\*.+?\*\* /, '')
      return !line.startsWith('|') && /[.!?] +[A-Z`[]/.test(words) ? [`${path}:${at + 1}`] : []
    }),
  )
  assert.deepEqual(long, [])
})

test('documents have no such habit', () => {
  assert.ok(prose.length > 30)
  assert.deepEqual(prose.flatMap(habitsIn), [])
})

test('code, tests, rules and dashboards have no such habit', () => {
  assert.ok(code.length > 200)
  assert.deepEqual(code.flatMap(habitsIn), [])
})
