// A short run of each row of faults of what a topic holds.
import { testRow } from '../short-run.ts'
import { TOPIC_ROWS } from './kafka-rows.ts'

for (const row of TOPIC_ROWS) testRow(row)
