// Values of options under the names of the layers that use them.
import { availableParallelism } from 'node:os'
import type { Values } from './config.ts'
import type { SEGMENT_OPTIONS, SNAPSHOT_OPTIONS, UNIT_OPTIONS, ValuesOf } from './options.ts'
import type { UnitOptions } from './record/source-units.ts'
import type { SnapshotOptions } from './snapshot/schema.ts'

/** Values from which a snapshot is computed: all of them, or those of its segments. */
export type SnapshotValues = ValuesOf<typeof SEGMENT_OPTIONS> &
  Partial<ValuesOf<typeof SNAPSHOT_OPTIONS>>

/** The options of a snapshot under the names of its layer. */
export const snapshotOptions = ({
  k,
  features,
  scaling,
  seed,
  // A command that prints segments alone takes neither.
  top = 1,
  excludeApplication = [],
}: SnapshotValues): SnapshotOptions => ({
  k,
  features,
  scaling,
  top,
  seed,
  excludeApplications: excludeApplication,
})

/** How sources are read. */
export const unitOptions = ({
  durationUnit,
  timeFormat,
  numberFormat,
  volumeUnit,
  map: mapped,
  forceUnits,
}: ValuesOf<typeof UNIT_OPTIONS>): UnitOptions => ({
  durationUnit,
  timeFormat,
  numberFormat,
  volumeUnit: volumeUnit === 'auto' ? null : volumeUnit,
  mapped,
  forceUnits,
})

/** Records of a topic that are read; nothing for all. */
export const recordTypes = ({
  recordType,
}: Pick<Values, 'recordType'>): Pick<UnitOptions, 'recordTypes'> =>
  recordType.length === 0 ? {} : { recordTypes: recordType }

/** The number of ingest threads; by default one core is left to snapshots and the server. */
export const ingestThreads = (threads: number | 'auto'): number =>
  threads === 'auto' ? Math.max(1, availableParallelism() - 1) : threads
