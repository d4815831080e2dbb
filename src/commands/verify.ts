// `verify`: recomputes every subscriber from Parquet by an independent path and compares.
import type { Values } from '../config.ts'
import { PulseError } from '../errors.ts'
import { skippedLines } from '../parquet/skipped.ts'
import { withProgress } from '../terminal/progress.ts'
import { print, tableText } from '../terminal/table.ts'
import type { VerifyProgress } from '../verify/compare.ts'
import { verifyState } from '../verify/run.ts'

/** The text of a stage, and the unit of its progress. */
const STAGES: Readonly<Record<Parameters<VerifyProgress>[0], readonly [string, string]>> = {
  parquet: ['reading the files', 'rows'],
  state: ['reading the state', 'subscribers'],
  compare: ['comparing', 'subscribers'],
}

/**
 * Prints what was compared and what differs.
 *
 * @throws PulseError `verify-differs` when any number differs
 */
export async function verify(
  files: string[],
  values: Pick<Values, 'state' | 'json'>,
): Promise<void> {
  const found = await withProgress('verify', (display) =>
    verifyState(files, values.state, (stage, done, total) => {
      display.update(done, total, ...STAGES[stage])
    }),
  )
  const { subscribers, differences, differing } = found
  print(values, found, () => {
    const compared = `${subscribers.toLocaleString('en-US')} subscribers recomputed and compared`
    const lines = skippedLines(found.skipped)
    if (differences === 0) return [...lines, `${compared}: all numbers are equal`].join('\n')
    const rows = differing.map(({ what, expected, found }) => [what, expected, found])
    return [...lines, tableText([['differs', 'expected', 'found'], ...rows]), compared].join('\n')
  })
  if (differences === 0) return
  throw new PulseError(
    'verify-differs',
    `${values.state} differs from the files in ${differences} numbers, expected none; ` +
      'do not trust it: replay the files into a new directory and report this',
  )
}
