// Where a partition is read from, and on what evidence: the state's position, what the group has
// read before, or the first start of all.
import { offsetAt, sourceOf, type Start } from '../../../src/kafka/topic.ts'
import { PLAIN_UNITS } from '../../../src/record/source-units.ts'
import { createPosition, type SourcePosition } from '../../../state/partition-metadata.ts'
import type { Partition } from '../../../state/partition.ts'
import type { CommittedOffset } from '../group/beginning.ts'
import type { TopicWatch } from '../topic-watch.ts'
import { lost, passedAt, passedByHistory, recreated, stoppedAt, withoutHistory } from './gaps.ts'
import type { GapPolicy } from './gaps.ts'
import { NO_ROW_READ, placeOf, type Gap, type LogPartition } from './partition.ts'

/** What a start is decided from; part of a partition reader. */
export interface StartContext extends TopicWatch {
  /** Where to start in a partition that the group has never read. */
  from: Start
  /** The numbers of partitions that the topic has had since it is read; the last one is the present. */
  numbers: readonly number[]
  onGap: GapPolicy
  /** The cut-over of the history in this state (UTC ms); null without a history. */
  cutoverMs: number | null
  /** Gaps that were passed, and their records. */
  passed: { gaps: number; records: number }
  /** Returns what the group has committed for a partition; null for nothing. */
  committedOf: (partition: number) => Promise<CommittedOffset | null>
}

/** A partition of a topic. */
type Place = Pick<LogPartition, 'topic' | 'number'>

/** The start of a partition. */
export interface PartitionStart {
  position: SourcePosition
  /** The gap before it; null for none. */
  gap: Gap | null
  /** True when reading stops at the gap: then the position is only shown. */
  stops: boolean
  /** What is to be reported; null for nothing. */
  sentence: string | null
}

/**
 * Decides where to read a partition; nothing is reported or counted yet.
 *
 * @throws when the cluster cannot be asked now
 */
export async function findStart(
  context: StartContext,
  number: number,
  state: Partition,
): Promise<PartitionStart> {
  const { consumer, topic, view } = context
  const source = sourceOf(view)
  const known = state.positions.get(source)
  if (known !== undefined) return { position: known, gap: null, stops: false, sentence: null }
  const committed = await context.committedOf(number)
  const logStart = await offsetAt(consumer, topic, number, 'earliest')
  const gap =
    findFormer({ topic, number }, state, source) ?? findLost(context, number, committed, logStart)
  if (gap !== null) return startAtGap(context, number, gap, logStart)
  if (committed === null) return firstStart(context, number, logStart)
  return startAgain(context, number, committed, logStart)
}

/** Reports a start, and counts the gap that it passes. */
export function reportStart(context: StartContext, { gap, stops, sentence }: PartitionStart): void {
  const { warnings, passed } = context
  if (gap === null) {
    if (sentence !== null) warnings.info(sentence)
    return
  }
  warnings.error('gap', sentence ?? gap.message)
  if (stops) return
  passed.gaps++
  passed.records += gap.to - gap.from
}

/** A topic of the same name that was read before under another id is a gap. */
function findFormer(place: Place, state: Partition, source: string): Gap | null {
  for (const [id, { kind, name, next, first }] of state.positions) {
    // If no row of it was read, no row is missing.
    if (kind === 'topic' && name === place.topic && id !== source && next > first) {
      return recreated(place, next)
    }
  }
  return null
}

/** What the group has read before, this state lacks, and the log no longer holds. */
function findLost(
  { topic, view, cutoverMs }: StartContext,
  number: number,
  committed: CommittedOffset | null,
  logStart: number,
): Gap | null {
  if (committed === null) return null
  const { beginning, offset } = committed
  const place = { topic, number }
  if (beginning !== null && beginning.source !== sourceOf(view)) {
    return beginning.first < offset ? recreated(place, offset) : null
  }
  const historyMs = beginning?.cutoverMs ?? null
  if (historyMs !== null && cutoverMs === null) {
    return withoutHistory(place, Math.max(firstOf(committed), logStart), committed, historyMs)
  }
  return logStart > firstOf(committed) ? lost(place, committed, logStart) : null
}

async function startAtGap(
  { consumer, topic, onGap, cutoverMs }: StartContext,
  number: number,
  gap: Gap,
  logStart: number,
): Promise<PartitionStart> {
  const byHistory = gap.kind === 'lost' && cutoverMs !== null && onGap === 'stop'
  const earliest = gap.kind === 'lost' ? Math.max(logStart, gap.from) : logStart
  const next = onGap === 'latest' ? await offsetAt(consumer, topic, number, 'latest') : earliest
  if (onGap === 'stop' && !byHistory) {
    return { position: positionAt(topic, next, 0), gap, stops: true, sentence: stoppedAt(gap) }
  }
  const sentence = byHistory ? passedByHistory(gap, next) : passedAt(gap, next, onGap)
  if (gap.kind !== 'lost') {
    return { position: positionAt(topic, next, logStart), gap, stops: false, sentence }
  }
  // What is lost stays counted: reading began before it.
  const position = positionAt(topic, gap.from, gap.from)
  return { position: { ...position, next, skipped: next - gap.from }, gap, stops: false, sentence }
}

/** What is in a partition that came while the topic was read came after the start of reading. */
const fromOf = ({ from, numbers }: StartContext, number: number): Start =>
  number >= numbers[0] ? 'earliest' : from

/** The first start of the group: what is before it is not included. */
async function firstStart(
  context: StartContext,
  number: number,
  logStart: number,
): Promise<PartitionStart> {
  const { consumer, topic } = context
  const from = fromOf(context, number)
  const first = from === 'earliest' ? logStart : await offsetAt(consumer, topic, number, from)
  const position = positionAt(topic, first, logStart)
  if (first === 0) return { position, gap: null, stops: false, sentence: null }
  const missing = [
    ...(logStart === 0
      ? []
      : [`offsets 0 to ${logStart - 1} (${logStart}) are not retained and not included`]),
    ...(first <= logStart
      ? []
      : [
          `offsets ${logStart} to ${first - 1} (${first - logStart}) lie before --from and are ` +
            'not included',
        ]),
  ]
  const sentence = `${placeOf({ topic, number })}: reading begins at offset ${first}; ${missing.join('; ')}`
  return { position, gap: null, stops: false, sentence }
}

/** The group has read the partition, and the log still has all of it: it is read again. */
function startAgain(
  context: StartContext,
  number: number,
  committed: CommittedOffset,
  logStart: number,
): PartitionStart {
  const { topic } = context
  const first = fromOf(context, number) === 'earliest' ? logStart : firstOf(committed)
  const sentence =
    `${placeOf({ topic, number })}: the group has read it up to offset ${committed.offset}, and this state ` +
    `has nothing of it; all of it is still in the log and is read again from offset ${first}`
  return { position: positionAt(topic, first, logStart), gap: null, stops: false, sentence }
}

/** Where reading began; the beginning of the log when the commit does not carry it. */
const firstOf = ({ beginning }: CommittedOffset): number => beginning?.first ?? 0

function positionAt(topic: string, first: number, notRetained: number): SourcePosition {
  const source = { name: topic, kind: 'topic', rows: 0, order: 'offset' } as const
  const units = { ...PLAIN_UNITS, evidence: NO_ROW_READ }
  return { ...createPosition({ ...source, ...units }, first), notRetained }
}
