// `generate`: writes a synthetic XDR file.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OPTIONS } from '../config.ts'
import { writeSample } from '../generate/write.ts'
import type { GENERATE_OPTIONS, ValuesOf } from '../options.ts'
import { withProgress } from '../terminal/progress.ts'
import { print } from '../terminal/table.ts'

/** Writes the file and prints its name and number of rows. */
export async function generate(values: ValuesOf<typeof GENERATE_OPTIONS>): Promise<void> {
  const { out, rows, subscribers, days, seed, dirt } = values
  // Only the default folder is created: another name may be misspelt.
  if (out === OPTIONS.out.default) await mkdir(dirname(out), { recursive: true })
  await withProgress('generate', (display) =>
    writeSample({ rows, subscribers, days, seed, dirt }, out, (written, all) => {
      display.update(written, all, '')
    }),
  )
  print(values, { file: out, rows }, () => `${out}: ${rows.toLocaleString('en-US')} rows written`)
}
