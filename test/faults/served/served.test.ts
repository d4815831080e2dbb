// A short run of each row of faults of a process that serves.
import { testRow } from '../short-run.ts'
import { SERVED_ROWS } from './served-rows.ts'

for (const row of SERVED_ROWS) testRow(row)
