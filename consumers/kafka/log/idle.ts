// Why a member reads no partition.
import type { ReadingThreads } from '../group/division.ts'
import type { Group } from '../group/membership.ts'
import type { TopicWatch } from '../topic-watch.ts'

/** What is known of a member; part of a partition reader. */
interface IdleMember {
  group: Pick<Group, 'assigned'>
  topics: readonly Pick<TopicWatch, 'topic' | 'view'>[]
  threads: ReadingThreads | null
}

/** Why this member reads nothing, as a sentence; null for one with partitions. */
export function idleReason({ group, topics, threads }: IdleMember): string | null {
  if (group.assigned === null || group.assigned.length > 0) return null
  if (threads !== null && threads.index > 0) return null
  const partitions = Math.max(...topics.map(({ view }) => view.partitions))
  const names = topics.map(({ topic }) => `"${topic}"`).join(', ')
  return (
    `no partition is assigned to this member: other members read all ${partitions} of ` +
    `${names}, and a partition moves only while its log still has everything; idle until one ` +
    'is free'
  )
}
