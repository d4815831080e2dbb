// A short run of each row of faults of brokers, networks and members.
import { testRow } from '../short-run.ts'
import { CLUSTER_ROWS } from './kafka-rows.ts'

for (const row of CLUSTER_ROWS) testRow(row)
