// `generate`: writes a synthetic XDR file.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OPTIONS, type Values } from '../config.ts'
import { writeSample } from '../generate/write.ts'
import { withProgress } from '../terminal/progress.ts'
import { print } from '../terminal/table.ts'

/** The command: writes the file and says so. */
export async function generate(
  values: Pick<Values, 'out' | 'rows' | 'subscribers' | 'days' | 'seed' | 'dirt' | 'json'>,
): Promise<void> {
  const { out, rows, subscribers, days, seed, dirt } = values
  // A folder that was named may be a slip; the usual one is ours to make.
  if (out === OPTIONS.out.default) await mkdir(dirname(out), { recursive: true })
  await withProgress('generate', (display) =>
    writeSample({ rows, subscribers, days, seed, dirt }, out, (written, all) => {
      display.update(written, all, '')
    }),
  )
  print(values, { file: out, rows }, () => `${out}: ${rows.toLocaleString('en-US')} rows written`)
}
