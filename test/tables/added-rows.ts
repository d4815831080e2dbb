// Preloaded into a program: adds a row to each of its tables, as an edit of the file would.
//
// The program is otherwise unchanged, in all of its threads.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** By file: a row, and the text behind which it is added. */
const ADDED: readonly (readonly [file: string, after: string, row: string])[] = [
  [
    '/src/record/columns.ts',
    "{ name: 'Other', column: 'Other', id: 'other' },",
    "{ name: 'Maps', column: 'Maps', id: 'maps' },",
  ],
  [
    '/src/record/columns.ts',
    "{ key: 'uplinkBytes', column: 'Total UL (Bytes)' },",
    "{ key: 'httpBytes', column: 'HTTP DL (Bytes)' },",
  ],
  [
    '/src/snapshot/metrics.ts',
    'export const METRIC_TABLE = [',
    `{ key: 'webBytes', label: 'Web', unit: 'bytes', phrase: 'of web traffic',
       fields: ['httpBytes', 'uplinkBytes'], distribution: true },`,
  ],
]

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const rows = ADDED.filter(([file]) => url.endsWith(file))
    if (rows.length === 0) return loaded
    const source = rows.reduce(
      (text, [file, after, row]) => {
        assert.ok(text.includes(after), `${file} has the row ${after}`)
        return text.replace(after, `${after} ${row}`)
      },
      readFileSync(fileURLToPath(url), 'utf8'),
    )
    return { ...loaded, source }
  },
})
