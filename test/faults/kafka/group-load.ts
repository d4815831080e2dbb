// A topic under load, and members of a group that come and go.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { uniqueName } from '../../broker-operations.ts'
import type { Running } from '../../e2e/command.ts'
import { makeSample, startFilling, type Sample } from '../../e2e/kafka-durable.ts'
import { shareOf, withMembers, type Member } from '../../e2e/kafka-member.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { until } from '../../until.ts'

/** Partitions of the topic. */
export const PARTITIONS = 5
const ROWS = 40_000
/** Rows per second. */
export const RATE = 1250
const SESSION_MS = 2000

/** The group of a test. */
export interface Group {
  /** Starts a member with its own state. */
  join: (name: string, ...more: string[]) => Member
  /** Starts to send the rows, which last for half a minute. */
  fill: () => Running
  sample: Sample
}

/** Runs `work` with an empty topic, its rows and a new group. */
export const withGroup = (
  work: (group: Group) => Promise<void>,
  rows: number = ROWS,
): Promise<void> =>
  withDirectory((directory) =>
    withMembers(async (start) => {
      const { bootstrap: brokers, createTopic } = await sharedBroker()
      const sample = await makeSample(directory, PARTITIONS, { rows, subscribers: 2000 })
      const common = { brokers, topic: uniqueName('members'), group: uniqueName('group') }
      await createTopic(common.topic, { partitions: PARTITIONS })
      const usual = ['--session-timeout', `${SESSION_MS}ms`]
      await work({
        join: (name, ...more) =>
          start({ ...common, state: join(directory, name), more: [...usual, ...more] }),
        fill: () => startFilling(brokers, common.topic, sample, PARTITIONS, RATE),
        sample,
      })
    }),
  )

/** Waits until members together read every partition, each of them in one member. */
export async function settled(members: readonly Member[]): Promise<void> {
  await until('every partition in one member', () => {
    const looks = members.map((member) => {
      const { exitCode } = member.running.process
      assert.equal(exitCode, null, `a member ended with ${exitCode}`)
      return member.looks().at(-1)
    })
    const shares = looks.map((look) => (look?.consumer.member === true ? shareOf(look) : []))
    const read = shares.flat()
    // A member may get no partition; that each has joined shows in its own report.
    const joined = looks.every((look) => look?.consumer.member === true)
    return joined && read.length === PARTITIONS && new Set(read).size === PARTITIONS
  })
}
