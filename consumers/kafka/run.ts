// A run of a topic consumer: its phase, and its progress and claims as of that phase.
import type { PartitionStore } from '../../state/store.ts'
import type { Changelog, ChangelogOptions } from '../changelog/client.ts'
import { describeIngest, storesOf } from '../ingest/describe.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { progressOf } from '../files/threads/folding.ts'
import { createWarnings, type Warnings } from '../ingest/warnings.ts'
import { claimsOf, type LogStarts } from './group/claims.ts'
import { createGroup, type Group, type GroupOptions } from './group/membership.ts'
import type { HistoryOptions, HistoryRun } from './history.ts'
import type { PartitionReaderOptions } from './live.ts'
import { describeConsumer, describeStart } from './progress.ts'
import type { Leading, PartitionReader } from './reader.ts'

/** Options of a topic consumer; all of them can be sent to a thread. */
export interface TopicConsumerOptions
  extends PartitionReaderOptions, HistoryOptions, Omit<GroupOptions, 'topics'> {
  stateDirectory: string
  /** Ingest threads, at most one per partition. */
  threads: number
  /** Null to publish no checkpoints. */
  changelog: ChangelogOptions | null
}

/** A run of a consumer. */
export interface Run {
  options: TopicConsumerOptions
  group: Group
  warnings: Warnings
  stop: AbortController
  /** All partitions of the state; none before it is open. */
  stores: readonly PartitionStore[]
  /** Leads the other ingest threads; null without others. */
  leads: Leading | null
  /** Null without a changelog, and before it is opened. */
  changelog: Changelog | null
  phase: Phase
  /** First offsets of the logs, as they were last seen. */
  logStarts: LogStarts
  /** What the history counted; null values without one. */
  history: Pick<IngestProgress, 'history' | 'sources'>
  /** The progress that was reported last. */
  reported: IngestProgress
}

/** What a run is doing, with what its progress is described from. */
export type Phase =
  | { name: 'start' }
  | { name: 'history'; files: HistoryRun }
  | { name: 'live'; reader: PartitionReader }
  | { name: 'closed'; progress: IngestProgress; claims: readonly number[] }

/** A run that has not begun. */
export function createRun(options: TopicConsumerOptions): Run {
  const warnings = createWarnings()
  const group = createGroup(options.connection, options, () => claimsNow(run), warnings)
  const run: Run = {
    options,
    group,
    warnings,
    stop: new AbortController(),
    stores: [],
    leads: null,
    changelog: null,
    phase: { name: 'start' },
    logStarts: new Map(),
    history: { history: null, sources: [] },
    reported: describeStart(options, warnings),
  }
  return run
}

/** Describes a run, and keeps what was reported. */
export function report(run: Run): IngestProgress {
  const now = describeRun(run)
  run.reported = run.stop.signal.aborted ? { ...now, state: 'draining' } : now
  return run.reported
}

/** The present progress of a run. */
export function describeRun({ phase, history, options, warnings, leads }: Run): IngestProgress {
  if (phase.name === 'closed') return phase.progress
  if (phase.name === 'live') {
    const own = describeConsumer(phase.reader)
    const live = leads?.withOthers(own) ?? own
    return { ...live, history: history.history, sources: [...history.sources, ...live.sources] }
  }
  if (phase.name === 'history') {
    const { partitions, folding, restoreSeconds, totalRows, sources, stats } = phase.files
    const own = { totalRows, sources, restoreSeconds, warnings: warnings.waiting }
    const held = folding === null ? {} : progressOf(folding)
    const all = { state: 'running', ...own, ...held } as const
    return describeIngest(partitions, storesOf(partitions), stats, all)
  }
  return describeStart(options, warnings)
}

/** What this member claims of each partition now. */
export function claimsNow({ phase, stores, logStarts, options }: Run): readonly number[] {
  if (phase.name === 'closed') return phase.claims
  return phase.name === 'live'
    ? claimsOf(stores, phase.reader.topics, logStarts, options.changelog !== null)
    : []
}
