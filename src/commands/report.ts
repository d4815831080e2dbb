// `report`: everything a state directory says, as tables, JSON or files.
import { PulseError } from '../errors.ts'
import type { FileValues } from '../process/report-files.ts'
import { readSnapshot } from '../process/state-snapshot.ts'
import { reportText } from '../terminal/report-text.ts'
import { print } from '../terminal/table.ts'

/** Prints the report, or writes it as the files that are asked for. */
export async function report(values: FileValues): Promise<void> {
  // DuckDB and the page are loaded only where they are written.
  if (wantsFiles(values)) {
    return (await import('../process/report-files.ts')).writeReport(values)
  }
  const snapshot = await readSnapshot('report', values)
  print(values, snapshot, () => reportText(snapshot))
}

/** Whether the report is wanted as files; the options that need one of them are refused alone. */
function wantsFiles({ html, export: directory, csv, mask }: FileValues): boolean {
  if (csv && directory === '') throw new PulseError('usage', '--csv needs --export DIR')
  if (mask && html === '') throw new PulseError('usage', '--mask needs --html FILE')
  return html !== '' || directory !== ''
}
