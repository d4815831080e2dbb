// The rows of faults that need no broker.
import type { FaultRow } from './fault-row.ts'
import { killed } from './row-01-killed.ts'
import { powerCut } from './row-02-torn.ts'
import { flushFails, writeFails } from './row-03-store-fails.ts'
import { diskFull, diskSlow } from './row-05-disk.ts'
import { corruptPage } from './row-07-corrupt.ts'
import { clockJumps } from './row-15-clock.ts'
import { memoryAndBlock } from './row-17-memory.ts'
import { signals } from './row-19-signals.ts'
import { formerFormats } from './row-20-formats.ts'
import { otherNamespace } from './row-25-namespaces.ts'
import { sourceChanges } from './row-26-source.ts'

/** In order of their numbers. */
export const LOCAL_ROWS: readonly FaultRow[] = [
  ...[killed, powerCut, flushFails, writeFails, diskFull, diskSlow, corruptPage, clockJumps],
  ...[memoryAndBlock, signals, formerFormats, otherNamespace, sourceChanges],
]
