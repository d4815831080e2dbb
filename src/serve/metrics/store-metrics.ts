// The metrics of the store.
import { STORE_OPERATIONS } from '../view.ts'
import { counter, enumerated, eventCounter, gauge, histogram, SECONDS } from './row.ts'

/** Metrics of the store. */
export const STORE_METRICS = [
  gauge(
    'store_subscribers',
    'Subscribers in the store.',
    ({ progress }) => progress?.subscribers ?? 0,
  ),
  gauge(
    'store_file_bytes',
    'Size of the data files.',
    ({ progress }) => progress?.store.fileBytes ?? 0,
  ),
  gauge(
    'store_used_bytes',
    'Bytes of the data files in use.',
    ({ progress }) => progress?.store.usedBytes ?? 0,
  ),
  gauge(
    'store_volume_free_bytes',
    'Free bytes on the volume of the data files.',
    ({ progress }) => progress?.store.volumeFreeBytes ?? 0,
  ),
  histogram(
    'store_commit_seconds',
    'Time of a commit, flush included.',
    SECONDS,
    ({ commitSeconds }) => commitSeconds,
  ),
  histogram(
    'store_flush_seconds',
    'Time to flush a commit to the disk.',
    SECONDS,
    ({ flushSeconds }) => flushSeconds,
  ),
  gauge(
    'store_last_durable_timestamp_seconds',
    'Time of the last durable commit; 0 before the first.',
    ({ progress }) => (progress?.lastDurableMs ?? 0) / 1000,
  ),
  gauge(
    'store_restore_seconds',
    'Time that the last start took to load the state.',
    ({ progress }) => progress?.restoreSeconds ?? 0,
  ),
  counter(
    'store_errors_total',
    'Failed reads of the store, by purpose.',
    ['operation'],
    ({ view }) => enumerated(STORE_OPERATIONS, view.storeErrors()),
  ),
  eventCounter(
    'store_invariant_violations_total',
    'Progress messages and snapshots that violated an invariant, by invariant.',
    ['check'],
  ),
] as const
