// Row 7: bits of a data file flip, and files are cut off.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { makeDamaged, type Flip } from '../state/flipped-bits.ts'
import type { FaultRow } from './fault-row.ts'

const READER = join(import.meta.dirname, '../state/flipped-bits-reader.ts')
/** Files per process, and per round. */
const FILES = 100
const REFUSAL = /^\S+partition-0000.* the state|^\S+data\.mdb is|^\S+ holds no state/

/** Row 7. */
export const corruptPage: FaultRow = {
  number: 7,
  title: 'corrupt page',
  how: 'one bit of data.mdb flips, or the file is cut off: 100 files per round, half of the bits in the pages that hold the structure',
  holds: ['I1'],
  also: 'a sentence refuses the file, or no number differs; no signal ends the process',
  needs: [],
  reaches: ['refused: flipped bit', 'harmless: flipped bit', 'refused: cut off'],
  shortRounds: 1,
  async run(context) {
    const state = join(context.directory, 'state')
    await makeDamaged(state)
    for (const { random } of context.rounds()) {
      const seed = String(Math.floor(random() * 2 ** 31))
      const argv = [READER, state, seed, String(FILES)]
      const child = spawnSync(process.execPath, argv, { encoding: 'utf8', maxBuffer: 2 ** 26 })
      const last = child.stderr.trimEnd().split('\n').slice(-3).join('\n')
      assert.deepEqual([child.signal, child.status], [null, 0], last)
      const lines = child.stdout.trimEnd().split('\n')
      assert.equal(lines.length, FILES)
      for (const line of lines) {
        const { reader, writer, cut } = JSON.parse(line) as Flip
        for (const found of [reader, writer])
          if (found !== 'same') assert.match(found, REFUSAL, line)
        const effect = reader === 'same' && writer === 'same' ? 'harmless' : 'refused'
        context.reached(`${effect}: ${cut ? 'cut off' : 'flipped bit'}`)
        context.held('I1')
      }
    }
  },
}
