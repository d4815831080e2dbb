// All rows of faults: what `npm run faults` runs, and what docs/reliability.md lists.
import type { FaultRow } from './fault-row.ts'
import { CLUSTER_ROWS, TOPIC_ROWS } from './kafka/kafka-rows.ts'
import { LOCAL_ROWS } from './local-rows.ts'
import { SERVED_ROWS } from './served/served-rows.ts'

/** In order of their numbers. */
export const ROWS: readonly FaultRow[] = [
  ...LOCAL_ROWS,
  ...CLUSTER_ROWS,
  ...TOPIC_ROWS,
  ...SERVED_ROWS,
].sort((a, b) => a.number - b.number)
