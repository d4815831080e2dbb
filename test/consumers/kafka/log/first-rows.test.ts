// The first rows of a live topic: a few that are unreadable are waited for, within a minute.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMessageRows } from '../../../../consumers/kafka/log/message-rows.ts'
import { createLogPartition, type LogPartition } from '../../../../consumers/kafka/log/partition.ts'
import { decideWhenDue } from '../../../../consumers/kafka/log/unit-decision.ts'
import { createTopicUnits, lookAt } from '../../../../consumers/kafka/log/units.ts'
import { UNREADABLE } from '../../../../src/record/batch.ts'
import { PLACE } from '../../../../src/record/columns.ts'
import { createTextReading } from '../../../../src/record/decode/text-reading.ts'
import { AUTO_UNITS } from '../../../../src/record/source-units.ts'
import { createPosition } from '../../../../state/partition-metadata.ts'
import { openState } from '../../../../state/writer.ts'
import { withDirectory } from '../../../state-directory.ts'
import { OPTIONS } from '../../../state/stores.ts'

const LIVE = { isComplete: true, mayWait: true }

/** Runs `work` with a topic of one partition, whose rows are only looked at. */
const withTopic = (
  work: (topic: {
    log: LogPartition
    /** Adds rows of which the first ones have an unreadable duration; returns whether they wait. */
    look: (count: number, unreadable: number) => boolean
    decide: (afterMs: number) => void
  }) => void,
): Promise<void> =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    try {
      const source = { name: 'xdr', kind: 'topic', rows: 0, order: 'offset' } as const
      const position = createPosition({ ...source, durationUnit: 'ms', evidence: '' }, 0)
      const log = createLogPartition('xdr', 0, state.partitions[0], 'source', position)
      const units = createTopicUnits('xdr', AUTO_UNITS, null, createTextReading('UTC'))
      const look = (count: number, unreadable: number): boolean => {
        const from = log.peek ?? position.next
        const rows = createMessageRows(count)
        rows.count = count
        for (const { values } of rows.columns) values.fill(NaN)
        rows.columns[PLACE.duration].values.fill(UNREADABLE, 0, unreadable)
        rows.offset.forEach((_, i) => (rows.offset[i] = from + i))
        log.stableOffset = from + count
        return lookAt(units, rows, log, from + count, Date.now())
      }
      const decide = (afterMs: number): void => {
        decideWhenDue(units, new Map([[0, log]]), LIVE, Date.now() + afterMs)
      }
      work({ log, look, decide })
    } finally {
      await state.close()
    }
  })

test('clean rows without a duration are applied at once', () =>
  withTopic(({ log, look, decide }) => {
    assert.equal(look(1, 0), true)
    decide(0)
    assert.equal(log.peek, null)
    assert.equal(look(1, 0), false)
  }))

test('an odd row waits for others, with which it is one of few', () =>
  withTopic(({ log, look, decide }) => {
    look(2, 2)
    decide(0)
    assert.equal(log.peek, 2)
    look(30, 0)
    decide(0)
    assert.equal(log.peek, 32)
    look(8, 0)
    decide(0)
    assert.equal(log.peek, null)
  }))

test('rows that stay unreadable are refused after a minute, or 1,000 rows', async () => {
  const refused = (found: string) => new RegExp(`"Dur. \\(ms\\)" is not readable .* ${found} rows`)
  await withTopic(({ log, look, decide }) => {
    look(3, 3)
    decide(0)
    assert.equal(log.peek, 3)
    assert.throws(() => {
      decide(60_000)
    }, refused('3 of 3'))
  })
  await withTopic(({ look, decide }) => {
    look(1500, 60)
    assert.throws(() => {
      decide(0)
    }, refused('60 of 1000'))
  })
})

test('two odd rows do not stop a topic', () =>
  withTopic(({ log, look, decide }) => {
    look(2, 2)
    decide(60_000)
    assert.equal(log.peek, null)
    assert.equal(look(2, 2), false)
  }))
