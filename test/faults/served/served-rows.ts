// The rows of faults of a process that serves.
import type { FaultRow } from '../fault-row.ts'
import { manyClients } from './row-18-live-clients.ts'
import { hostileHttp } from './row-21-http.ts'
import { soak } from './row-22-soak.ts'

/** In order of their numbers. */
export const SERVED_ROWS: readonly FaultRow[] = [manyClients, hostileHttp, soak]
