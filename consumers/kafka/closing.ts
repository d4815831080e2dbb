// How a partition reader ends: in order, or after a failure.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import type { Changelog } from '../changelog/client.ts'
import type { Warnings } from '../ingest/warnings.ts'
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
  /** Null without a changelog. */
  changelog: Changelog | null
  warnings: Warnings
}

/** At the end, the dead-letter topic gets this long to accept what is left. */
const CLOSE_MS = 3000
/** The last checkpoint may have everything that was read for an interval. */
const CHANGELOG_MS = 20_000

/** Ends the concurrent tasks; the store is not used any more. */
export function abandonReader({ closing, registry, deadLetters, changelog }: ClosingReader): void {
  closing.abort()
  // What is durable may still be published.
  changelog?.end().catch(() => undefined)
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
  try {
    await Promise.race([reader.changelog?.end(), sleep(CHANGELOG_MS, undefined, { ref: false })])
  } catch (error) {
    reader.warnings.error('changelog', `the last checkpoint failed (${messageOf(error)})`)
  }
}
