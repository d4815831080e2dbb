// `report`: the report of a state directory, as tables, JSON or files.
import type { ReportValues } from '../process/report-files.ts'
import { readSnapshot } from '../process/state-snapshot.ts'
import { reportText } from '../terminal/report-text.ts'
import { print } from '../terminal/table.ts'

/** Prints the report, or writes it as the files that the options name. */
export async function report(values: ReportValues): Promise<void> {
  // DuckDB and the page are loaded only where they are written.
  if (values.html !== '' || values.export !== '') {
    return (await import('../process/report-files.ts')).writeReport(values)
  }
  const snapshot = await readSnapshot('report', values)
  print(values, snapshot, () => reportText(snapshot))
}
