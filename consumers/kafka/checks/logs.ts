// The checks of `doctor` on the logs of a topic: what they hold, their keys, and their times.
import {
  ListOffsetTimestamps,
  type Consumer,
  type KafkaConnection,
} from '../../../src/kafka/client.ts'
import { describeTopic, offsetAt, type TopicView } from '../../../src/kafka/topic.ts'
import { isoTime } from '../../../src/record/event-time.ts'
import { evidenceOf, partitionerOf, type KeySample } from '../../../src/record/topic-keys.ts'
import { createWarnings } from '../../ingest/warnings.ts'
import { peekKeys } from '../log/key-peek.ts'
import type { MessageFormat } from '../log/message-format.ts'
import { ok, type Check } from './check.ts'

/** A clock that differs by less does not move a day's numbers. */
const CLOCK_MS = 60_000

/** How the keys of a topic are read. */
export interface KeysToCheck {
  connection: KafkaConnection
  topic: string
  /** Reads the rows that belong to keys; null when messages cannot be decoded. */
  format: MessageFormat | null
}

/** Whether a topic exists, with a leader for each partition; null when it does not. */
export async function checkTopic(
  checks: Check[],
  consumer: Consumer,
  topic: string,
): Promise<TopicView | null> {
  const view = await describeTopic(consumer, topic)
  if (view === null) {
    const advice = 'create it, or fill it with "xdr-pulse produce FILES --create-topic"'
    checks.push({ check: 'topic', result: 'failed', found: `"${topic}" does not exist`, advice })
    return null
  }
  const without = view.leaders.flatMap((leader, partition) => (leader < 0 ? [partition] : []))
  if (without.length > 0) {
    const found = `partitions ${without.join(', ')} of "${topic}" have no leader`
    checks.push({ check: 'topic', result: 'failed', found, advice: 'start their brokers' })
    return null
  }
  checks.push(ok('topic', `"${topic}" has ${view.partitions} partitions, each with a leader`))
  return view
}

/** The first offsets and the ends of all logs. */
export async function boundsOf(
  consumer: Consumer,
  topic: string,
  view: TopicView,
): Promise<{ starts: number[]; ends: number[] }> {
  const all = [...view.leaders.keys()]
  const at = (start: 'earliest' | 'latest'): Promise<number[]> =>
    Promise.all(all.map((partition) => offsetAt(consumer, topic, partition, start)))
  return { starts: await at('earliest'), ends: await at('latest') }
}

/** What the logs hold, and what they no longer hold. */
export function logsCheck({ starts, ends }: { starts: number[]; ends: number[] }): Check {
  const held = ends.reduce((sum, end, partition) => sum + end - starts[partition], 0)
  const deleted = starts.reduce((sum, start) => sum + start, 0)
  const found = `${held.toLocaleString('en-US')} offsets are in the log`
  if (held === 0) {
    const advice = 'check that producers send to this topic'
    return { check: 'log', result: 'warning', found: 'the topic is empty', advice }
  }
  if (deleted === 0) return ok('log', `${found}, from offset 0 on`)
  return {
    check: 'log',
    result: 'warning',
    found: `${found}; ${deleted.toLocaleString('en-US')} before them are not retained`,
    advice: 'a first start does not include them: add the files of that time with --history',
  }
}

/** Whether the keys show by which partitioner the topic is divided; the sample is null without keys. */
export async function keysCheck(
  consumer: Consumer,
  view: TopicView,
  { format, connection, topic }: KeysToCheck,
): Promise<{ check: Check; sample: KeySample | null }> {
  const check = 'keys'
  if (format === null) {
    const found = 'rows cannot be decoded without the schema registry'
    return { check: { check, result: 'skipped', found, advice: null }, sample: null }
  }
  if (view.partitions === 1) {
    return { check: ok(check, 'one partition holds every subscriber'), sample: null }
  }
  const context = { consumer, view, warnings: createWarnings(), stop: new AbortController().signal }
  const sample = await peekKeys({ ...context, connection, topic, format })
  const found = evidenceOf(sample)
  if (partitionerOf(sample) !== null) return { check: ok(check, found), sample }
  const advice =
    sample.contradiction === null
      ? '--history then needs --partitioner murmur2|crc32|fnv1a'
      : 'produce with the MSISDN as key: else a subscriber may be in several partitions; ' +
        'the keys of a topic that has gained partitions do not show it'
  return { check: { check, result: 'warning', found, advice }, sample }
}

/** Brokers have no time of their own to ask for: the newest record is compared with this clock. */
export async function clockCheck(
  consumer: Consumer,
  topic: string,
  view: TopicView,
): Promise<Check> {
  const found = await consumer.listOffsetsWithTimestamps({
    topics: [topic],
    partitions: { [topic]: [...view.leaders.keys()] },
    timestamp: ListOffsetTimestamps.MAX,
  })
  const times = [...(found.get(topic)?.values() ?? [])].map(({ timestamp }) => Number(timestamp))
  const newest = Math.max(-1, ...times)
  if (newest < 0) return ok('clock', 'no record to compare with')
  const text = `the newest record is of ${isoTime(newest)}`
  if (newest <= Date.now() + CLOCK_MS) return ok('clock', text)
  const advice = 'set the clocks of this machine, the brokers and the producers by NTP'
  return { check: 'clock', result: 'warning', found: `${text}, later than this clock`, advice }
}
