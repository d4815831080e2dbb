// The checks of `doctor` on several topics: each by itself, and whether they can be read together.
import { PulseError } from '../../../src/errors.ts'
import { requireOnePartitioner, requireSamePartitions } from '../topics.ts'
import { ok, type Check } from './check.ts'
import { checkCluster, type CheckedTopic, type ClusterToCheck } from './cluster.ts'

/** What is checked. */
export type TopicsToCheck = Omit<ClusterToCheck, 'topic'> & {
  topics: readonly string[]
  /** Topics of a state may have grown one after another. */
  hasState: boolean
}

/** What the checks found, for those of the state. */
export interface CheckedTopics {
  checks: Check[]
  topics: CheckedTopic[]
}

/** Checks whose sentences do not name their topic. */
const UNNAMED = ['log', 'keys', 'clock']

/** Checks the cluster for each topic. */
export async function checkTopics(wanted: TopicsToCheck): Promise<CheckedTopics> {
  const { topics: names, hasState, ...to } = wanted
  const checks = new Map<string, Check>()
  const topics: CheckedTopic[] = []
  for (const topic of names) {
    const found = await checkCluster({ ...to, topic })
    for (const one of found.checks) {
      const isNamed = names.length === 1 || !UNNAMED.includes(one.check)
      const check = isNamed ? one.check : `${one.check} ${topic}`
      // Those of the brokers and the group are the same for all topics.
      checks.set(`${check}: ${one.found}`, { ...one, check })
    }
    if (found.logs !== null) topics.push(found.logs)
  }
  return { checks: [...checks.values(), ...together(topics, hasState)], topics }
}

/** Whether topics can be read into one state. */
function together(topics: readonly CheckedTopic[], hasState: boolean): Check[] {
  if (topics.length < 2) return []
  const check = 'topics'
  try {
    const partitions = new Map(topics.map(({ topic, starts }) => [topic, starts.length]))
    if (!hasState) requireSamePartitions(partitions)
    requireOnePartitioner(
      topics.flatMap(({ topic, sample }) => (sample === null ? [] : [[topic, sample] as const])),
    )
    return [ok(check, 'they can be read together: no different partitioners')]
  } catch (error) {
    if (!(error instanceof PulseError)) throw error
    const advice = 'read them into two --state directories with two groups'
    return [{ check, result: 'failed', found: error.message.split(';')[0], advice }]
  }
}
