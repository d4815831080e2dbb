// `generate`: writes a synthetic XDR file.
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { OPTIONS } from '../config.ts'
import { PulseError } from '../errors.ts'
import { isGenerated, writeSample } from '../generate/write.ts'
import { checkOutputFile, makeDirectory } from '../output-path.ts'
import type { GENERATE_OPTIONS, ValuesOf } from '../options.ts'
import { untilSignal } from '../process/signals.ts'
import { withProgress } from '../terminal/progress.ts'
import { print } from '../terminal/table.ts'

/**
 * Writes the file and prints its name and number of rows.
 *
 * @throws PulseError `output` for a path that cannot be written, or holds another file
 */
export async function generate(values: ValuesOf<typeof GENERATE_OPTIONS>): Promise<void> {
  const { out, rows, subscribers, days, seed, dirt, force } = values
  // Only the default folder is created: another name may be misspelt.
  if (out === OPTIONS.out.default) makeDirectory('--out', dirname(out))
  const target = checkOutputFile('--out', out)
  if (!force) await refuseOther(target)
  await withProgress('generate', (display) =>
    untilSignal((stop) =>
      writeSample(
        { rows, subscribers, days, seed, dirt },
        target,
        (written, all) => display.update(written, all, ''),
        { stop },
      ),
    ),
  )
  print(values, { file: out, rows }, () => `${out}: ${rows.toLocaleString('en-US')} rows written`)
}

/** An older generated file can be written again; any other file may be the only copy of its rows. */
async function refuseOther(target: string): Promise<void> {
  if (statSync(target, { throwIfNoEntry: false }) === undefined) return
  if (await isGenerated(target)) return
  throw new PulseError(
    'output',
    `${target} exists and was not written by "generate"; expected a new path or a generated file; ` +
      'give another path with --out, or replace the file with --force',
  )
}
