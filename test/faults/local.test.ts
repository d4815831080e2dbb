// A short run of each row of faults that needs no broker.
import { LOCAL_ROWS } from './local-rows.ts'
import { testRow } from './short-run.ts'

for (const row of LOCAL_ROWS) testRow(row)
