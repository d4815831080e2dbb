// The state that the parts of a pipeline share.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { PulseError } from '../errors.ts'
import type { Published, StoreOperation } from '../serve/view.ts'

/** Called at each published snapshot and each progress of ingest. */
export type Listener = (event: 'snapshot' | 'progress') => void

/** What the parts of a pipeline share. */
export interface Shared {
  progress: IngestProgress | null
  published: Published | null
  /** A snapshot was published, or found that nothing is committed. */
  inspected: boolean
  failed: boolean
  storeErrors: Record<StoreOperation, number>
  listeners: Set<Listener>
}

/** Counts an error as one of the store, unless it is an internal error. */
export function noteError(
  { storeErrors }: Shared,
  operation: StoreOperation,
  error: unknown,
): void {
  if (error instanceof PulseError) storeErrors[operation]++
}

/** False while ingest may be opening the state: LMDB can fail if two threads open it at once. */
export const isOpen = ({ progress }: Shared): boolean =>
  progress !== null && progress.state !== 'starting'

/** True until the first snapshot; a state without commits has none, which a first attempt shows. */
export function awaitsSnapshot({ published, inspected, progress }: Shared): boolean {
  if (published !== null) return false
  return !inspected || (progress?.counters.commits ?? 0) > 0
}
