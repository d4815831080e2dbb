// The assignor of the group, as brokers and members know it: its name, and its work on the leader.
import type { GroupPartitionsAssigner } from '../../../src/kafka/client.ts'
import { assignPartitions, decodeClaims } from './assignment.ts'

const PROTOCOL = 'xdr-pulse'

/**
 * The name of the assignor. Brokers refuse members without a common one: members that read other
 * topics would leave partitions of these unread.
 */
export const protocolOf = (topics: readonly string[]): string =>
  topics.length === 1 ? PROTOCOL : `${PROTOCOL}/${topics.toSorted().join(',')}`

/** Assigns partition p of all topics to one member, by what each claims. */
export const assigner =
  (topics: readonly string[]): GroupPartitionsAssigner =>
  (_, members, __, metadata) => {
    const claims = new Map(
      [...members].map(([name, { metadata: sent }]) => [
        name,
        decodeClaims(typeof sent === 'string' ? Buffer.from(sent) : sent),
      ]),
    )
    const countOf = (topic: string): number => metadata.topics.get(topic)?.partitionsCount ?? 0
    // While topics grow one after another, they have different numbers of partitions.
    const count = Math.max(...topics.map(countOf))
    return [...assignPartitions(claims, count)].map(([memberId, assigned]) => ({
      memberId,
      assignments: new Map(
        topics.map((topic) => {
          const partitions = assigned.filter((partition) => partition < countOf(topic))
          return [topic, { topic, partitions }]
        }),
      ),
    }))
  }
