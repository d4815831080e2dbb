// Takes the snapshot of a state directory, with progress on the terminal.
import { performance } from 'node:perf_hooks'
import { withView, type StateView } from '../../state/read.ts'
import type { Values } from '../config.ts'
import { snapshotOptions, type SnapshotValues } from '../option-values.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import { takeSnapshot } from '../snapshot/take.ts'
import { shownView, withProgress, type ProgressDisplay } from '../terminal/progress.ts'

/** Options of a command that takes one snapshot of a state directory. */
export type StateSnapshotValues = Pick<Values, 'state'> & SnapshotValues

/** Takes the snapshot of a view of a state directory. */
export function snapshotOf(
  view: StateView,
  values: StateSnapshotValues,
  display: ProgressDisplay,
): Snapshot {
  const shown = shownView(view, display, 'reading', 'finding segments')
  return takeSnapshot(shown, snapshotOptions(values), () => performance.now()).snapshot
}

/**
 * Opens a state directory and takes its snapshot; the progress display begins with `subject`.
 *
 * @throws PulseError if the directory has no state or the state cannot be read
 */
export const readSnapshot = (subject: string, values: StateSnapshotValues): Promise<Snapshot> =>
  withProgress(subject, (display) =>
    withView(values.state, (view) => snapshotOf(view, values, display)),
  )
