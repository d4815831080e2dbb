// No document links to a file, an anchor or a path of the repository that does not exist.
import assert from 'node:assert/strict'
import { existsSync, globSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../source-tree.ts'
import {
  anchorsOf,
  codeSpans,
  currentDocuments,
  documents,
  links,
  type Document,
} from './documents.ts'

/** A code span that is a path of the repository; `*` is a pattern. */
const PATH =
  /^(\.ci|\.github|bench|consumers|docs|grafana|schema|scripts|src|state|test)\/[\w./*-]+$/

/** Why a link of a document leads nowhere; null when it does not. */
function faultOf({ path }: Document, target: string): string | null {
  if (/^https?:/.test(target)) return null
  const [file, anchor = null] = target.split('#')
  const found = file === '' ? path : normalize(join(dirname(path), file))
  if (!existsSync(join(ROOT, found))) return `${found} does not exist`
  if (anchor === null) return null
  const page = documents.find((document) => document.path === found)
  if (page === undefined) return `${found} is not a document, so it has no anchors`
  return anchorsOf(page).has(anchor) ? null : `${found} has no heading #${anchor}`
}

test('all documents are checked', () => {
  assert.ok(documents.length > 30)
  assert.ok(documents.flatMap(links).length > 80)
})

test('every link has its file and its anchor', () => {
  const dead = documents.flatMap((document) =>
    links(document)
      .map(({ text, line }) => ({ at: `${document.path}:${line}`, fault: faultOf(document, text) }))
      .filter(({ fault }) => fault !== null)
      .map(({ at, fault }) => `${at}: ${fault}`),
  )
  assert.deepEqual(dead, [])
})

test('every path that a document names exists', () => {
  const wrong = currentDocuments.flatMap((document) =>
    codeSpans(document)
      .filter(({ text }) => PATH.test(text) && globSync(text, { cwd: ROOT }).length === 0)
      .map(({ text, line }) => `${document.path}:${line}: ${text} does not exist`),
  )
  assert.deepEqual(wrong, [])
})

test('the index of the documentation names every page', () => {
  const index = documents.find(({ path }) => path === 'docs/README.md')
  assert.ok(index)
  const named = new Set(links(index).map(({ text }) => normalize(join('docs', text))))
  const pages = globSync('docs/*.md', { cwd: ROOT }).filter((page) => page !== index.path)
  assert.ok(pages.every((page) => statSync(join(ROOT, page)).isFile()))
  assert.deepEqual(
    pages.filter((page) => !named.has(page)),
    [],
  )
})
