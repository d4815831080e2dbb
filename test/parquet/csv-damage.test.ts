// In a damaged CSV file every line is a row, valid or malformed, or the file is refused.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { seededRandom } from '../../src/random.ts'
import { withDirectory } from '../state-directory.ts'
import { csvRow, CSV_NAMES } from './csv-text.ts'
import { readAll } from './read-all.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const FILES = Number(process.env.XDR_PULSE_DAMAGED_FILES ?? 30)
const INSERTED = ['"', ',', '\n', '"\n', '\n"', ',"', '",', '\r', '\0', '\\', '""']

test('no line is lost, however the text is damaged', (t) =>
  withDirectory(async (directory) => {
    t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
    const random = seededRandom(SEED)
    const below = (bound: number): number => Math.floor(random() * bound)
    let read = 0
    for (let n = 0; n < FILES; n++) {
      // From some thousand lines on DuckDB leaves out lines after a misplaced quote.
      const rows = Array.from({ length: 3000 + below(8000) }, (_, at) => csvRow(at + 1))
      let text = `${rows.join('\n')}\n`
      for (let left = 1 + below(3); left > 0; left--) {
        const at = below(text.length)
        text = text.slice(0, at) + INSERTED[below(INSERTED.length)] + text.slice(at + below(2))
      }
      const isGzip = n % 5 === 0
      const path = join(directory, isGzip ? 'a.csv.gz' : 'a.csv')
      const whole = `${CSV_NAMES}\n${text}`
      writeFileSync(path, isGzip ? gzipSync(whole) : whole)
      const outcome = await readAll(path)
      const which = `seed ${SEED}, file ${n}`
      assert.equal(outcome.internal, null, which)
      if (outcome.refused !== null) {
        assert.ok(!outcome.refused.includes('\n'), which)
        continue
      }
      read++
      // A quoted value may hold line ends: such a row has several lines.
      const lines = text.split(/\r\n|\n|\r/).filter((line) => line !== '').length
      const joined = /"[^"]*[\r\n][^"]*"/.test(text)
      assert.ok(outcome.rows === lines || (joined && Number(outcome.rows) < lines), which)
    }
    assert.ok(read > 0, `seed ${SEED}: no file was read`)
  }))
