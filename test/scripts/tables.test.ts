// The tables of the documents are those of the code.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DOCUMENTS, withTable } from '../../scripts/tables.ts'
import { ROOT } from '../source-tree.ts'

for (const [path, name] of Object.entries(DOCUMENTS)) {
  const text = readFileSync(join(ROOT, path), 'utf8')

  test(`${path}: its table of ${name} is up to date, else run npm run tables`, () => {
    assert.equal(text, withTable(path, text))
  })

  test(`${path} without markers is refused`, () => {
    assert.throws(
      () => withTable(path, text.replace(`<!-- ${name} -->`, '')),
      new RegExp(`${path} lacks <!-- ${name}`),
    )
  })
}
