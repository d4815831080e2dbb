// `segments`: segments and elbow of a state directory.
import { readSnapshot, type ReportValues } from '../process/state-snapshot.ts'
import type { AsOf } from '../snapshot/subscriber-schema.ts'
import { elbowText, segmentsText } from '../terminal/report-text.ts'
import { print } from '../terminal/table.ts'

export async function segments(values: ReportValues): Promise<void> {
  const timeMs = Date.now()
  const snapshot = await readSnapshot('segments', values)
  const { number, positions, segments: found, elbow } = snapshot
  const asOf = { commit: number, timeMs, segmentsNumber: number, positions } satisfies AsOf
  print(values, { asOf, segments: found, elbow }, () =>
    [segmentsText(snapshot), elbowText(snapshot)].join('\n\n'),
  )
}
