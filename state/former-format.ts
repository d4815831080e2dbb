// Reads positions, counters and stamps of formats 1 and 2, which named some fields differently.
import type { Counters, Growth, SourcePosition, Stamp } from './partition-metadata.ts'

/** Fields of formats 1 and 2 that have been renamed. */
interface FormerPosition {
  position: number
  order: 'file' | 'time' | 'log'
  refused?: number
  covered?: number
}

interface FormerCounters {
  refused: Record<string, number>
  refusedKept?: number
  refusedKeptBytes?: number
}

/** A stored position with the present names; a present one is returned unchanged. */
export function presentPosition(stored: unknown): SourcePosition {
  if (!isRecord(stored) || !('position' in stored)) return stored as SourcePosition
  const { position, order, refused, covered, ...same } = stored as unknown as FormerPosition
  return {
    ...(same as SourcePosition),
    next: position,
    kind: order === 'log' ? 'topic' : 'file',
    order: order === 'log' ? 'offset' : order,
    ...(refused === undefined ? {} : { rejected: refused }),
    ...(covered === undefined ? {} : { excluded: covered }),
  }
}

/** Stored counters with the present names; counters that the format lacks are absent. */
export function presentCounters(stored: unknown): Partial<Counters> {
  if (!isRecord(stored) || !('refused' in stored)) return stored as Partial<Counters>
  const { refused, refusedKept, refusedKeptBytes, ...same } = stored as unknown as FormerCounters
  return {
    ...(same as Partial<Counters>),
    rejected: refused,
    ...(refusedKept === undefined ? {} : { rejectedKept: refusedKept }),
    ...(refusedKeptBytes === undefined ? {} : { rejectedKeptBytes: refusedKeptBytes }),
  }
}

/** A stored stamp with the present values. Former ones held the option of the duration unit. */
export function presentStamp(stored: unknown): Stamp {
  const fields = stored as Record<keyof Stamp, unknown>
  const { format, partitions, timeZone, missingMsisdn, growth } = fields
  return {
    format: Number(format),
    partitions: Number(partitions),
    timeZone: String(timeZone),
    missingMsisdn: missingMsisdn === 'zero' ? 'zero' : 'reject',
    ...(growth === undefined ? {} : { growth: growth as Growth }),
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
