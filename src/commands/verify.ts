// `verify`: recomputes every subscriber from Parquet by an independent path and compares.
import type { Values } from '../config.ts'
import { unitOptions } from '../option-values.ts'
import { PulseError } from '../errors.ts'
import { skippedLines } from '../parquet/find/skipped.ts'
import { plainLine } from '../plain-text.ts'
import { withProgress } from '../terminal/progress.ts'
import { print, tableText } from '../terminal/table.ts'
import type { VerifyProgress } from '../verify/compare.ts'
import { verifyState, type ReliedOn } from '../verify/run.ts'

/** The text of a stage, and the unit of its progress. */
const STAGES: Readonly<Record<Parameters<VerifyProgress>[0], readonly [string, string]>> = {
  parquet: ['reading the files', 'rows'],
  state: ['reading the state', 'subscribers'],
  compare: ['comparing', 'subscribers'],
}

/**
 * Prints what was compared, what differs, and what the comparison relied on.
 *
 * @throws PulseError `verify-differs` when any number differs
 */
export async function verify(
  files: string[],
  values: Pick<Values, 'state' | 'json'> & Parameters<typeof unitOptions>[0],
): Promise<void> {
  const found = await withProgress('verify', (display) =>
    verifyState(files, values.state, unitOptions(values), (stage, done, total) => {
      display.update(done, total, ...STAGES[stage])
    }),
  )
  const { subscribers, differences, differing } = found
  print(values, found, () => {
    const compared = `${subscribers.toLocaleString('en-US')} subscribers recomputed and compared`
    const lines = [
      ...skippedLines(found.skipped).map(plainLine),
      ...reliedLines(found.reliedOn),
      '',
    ]
    if (differences === 0) return [...lines, `${compared}: all numbers are equal`].join('\n')
    const rows = differing.map(({ what, expected, found }) => [what, expected, found])
    const table = tableText([['differs', 'expected', 'found'], ...rows])
    return [...lines, table, '', compared].join('\n')
  })
  if (differences === 0) return
  throw new PulseError(
    'verify-differs',
    `${values.state} differs from the files in ${differences} numbers, expected none; ` +
      'do not trust it: replay the files into a new directory and report this',
  )
}

function reliedLines({ files, timeZone, missingMsisdn }: ReliedOn): string[] {
  const rows = files.map(({ path, counts, durationUnit, evidence, byContent }) => {
    const identity = byContent ? 'whole content' : 'size, footer and samples'
    return [path, counts.rows, durationUnit, evidence, identity]
  })
  const heading = ['relied on', 'rows', 'durations', 'evidence of the unit', 'identified by']
  return [
    tableText([heading, ...rows]),
    `from the state: --time-zone ${timeZone}, --missing-msisdn ${missingMsisdn}`,
  ]
}
