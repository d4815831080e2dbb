// How a partition reader ends: in order, or after a failure.
import type { SchemaRegistry } from '../../src/kafka/schema-registry.ts'
import { commitLogs, type CommitContext } from './commit.ts'
import { abandonDeadLetters, closeDeadLetters } from './dead-letters.ts'

/** Other ingest threads that are to end. */
export interface EndingThreads {
  /** `stop` commits what is in hand. Resolves when all of them have ended. */
  end(how: 'stop' | 'abandon'): Promise<void>
}

/** What ends with a partition reader; part of it. */
export interface ClosingReader extends CommitContext {
  closing: AbortController
  /** Null without a schema registry. */
  registry: SchemaRegistry | null
  settling: Promise<void> | null
  /** Null without other threads. */
  leads: EndingThreads | null
}

/** At the end, the dead-letter topic gets this long to accept what is left. */
const CLOSE_MS = 3000

/** Ends the concurrent tasks; the store is not used any more. */
export function abandonReader({ closing, registry, deadLetters }: ClosingReader): void {
  closing.abort()
  registry?.close()
  if (deadLetters !== null) abandonDeadLetters(deadLetters)
}

/** Ends the concurrent tasks, sends the dead letters that are left, and commits. */
export async function closeReader(reader: ClosingReader): Promise<void> {
  const ended = reader.leads?.end('stop')
  reader.closing.abort()
  reader.registry?.close()
  await reader.settling
  commitLogs(reader)
  if (reader.deadLetters !== null) {
    await closeDeadLetters(reader.deadLetters, CLOSE_MS)
    // Messages that were just acknowledged leave the outbox.
    commitLogs(reader)
  }
  await ended
}
