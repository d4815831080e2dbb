// `segments`: segments and elbow of a state directory.
import { readSnapshot, type StateSnapshotValues } from '../process/state-snapshot.ts'
import type { Values } from '../config.ts'
import type { AsOf } from '../snapshot/subscriber-schema.ts'
import { elbowText, segmentsText } from '../terminal/report-text.ts'
import { print } from '../terminal/table.ts'

/** Prints segments and elbow, and with `--json` the positions they belong to. */
export async function segments(values: StateSnapshotValues & Pick<Values, 'json'>): Promise<void> {
  const timeMs = Date.now()
  const snapshot = await readSnapshot('segments', values)
  const { number, positions, notInData, segments: found, elbow } = snapshot
  const asOf = {
    commit: number,
    timeMs,
    segmentsNumber: number,
    positions,
    notInData,
  } satisfies Omit<AsOf, 'snapshotNumber'>
  print(values, { asOf, segments: found, elbow }, () =>
    [segmentsText(snapshot), elbowText(snapshot)].join('\n\n'),
  )
}
