// The rows of faults that need a broker.
import type { FaultRow } from '../fault-row.ts'
import { brokersRestart } from './row-08-brokers.ts'
import { networkFails } from './row-09-network.ts'
import { membersChange } from './row-10-members.ts'
import { logLacks } from './row-11-gaps.ts'
import { poisoned } from './row-12-poison.ts'
import { schemasFail } from './row-13-schemas.ts'
import { lettersUnavailable } from './row-14-letters.ts'
import { replayTwice } from './row-16-twice.ts'
import { producerKilled } from './row-27-producer.ts'

/** Faults of brokers, networks and members. */
export const CLUSTER_ROWS: readonly FaultRow[] = [brokersRestart, networkFails, membersChange]

/** Faults of what a topic holds. */
export const TOPIC_ROWS: readonly FaultRow[] = [
  logLacks,
  poisoned,
  schemasFail,
  lettersUnavailable,
  replayTwice,
  producerKilled,
]
