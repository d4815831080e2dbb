// The invariants as functions: each throws when it is violated, and counts itself when it holds.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { violationsOf, readPartitionCounts } from '../../state/conservation.ts'
import { openStateToRead, readRejected, withView } from '../../state/read.ts'
import { hasState } from '../../state/writer.ts'
import { comparableExpected, comparableFound, type Expected } from '../consumers/files/replaying.ts'
import { rawRowsOf } from '../consumers/files/samples.ts'
import type { Outcome } from '../e2e/command.ts'
import { oracle, oracleJson } from '../oracle.ts'
import { readBack, type Found } from '../state-directory.ts'
import type { FaultContext } from './fault-row.ts'

/** The durable content of a state directory. */
export interface Durable extends Found {
  /** Of all rejected rows that are kept. */
  rejectedHash: string
}

/** An empty state, and one that was killed before its first commit. */
const NOTHING_YET: ReadonlySet<string> = new Set(['state-missing', 'state-corrupt'])

/**
 * Reads a state; null when nothing was committed yet.
 *
 * @throws AssertionError for a violation of I1
 */
export async function readDurable(context: FaultContext, state: string): Promise<Durable | null> {
  if (!hasState(state)) return null
  const found = await readBack(state).catch((error: unknown) => {
    if (NOTHING_YET.has((error as { code?: string }).code ?? '')) return null
    throw error
  })
  if (found === null) return null
  await requireConserved(context, state, found)
  return { ...found, rejectedHash: await hashRejected(state) }
}

/** I1: every total of a state agrees with every other. */
async function requireConserved(
  { held }: FaultContext,
  state: string,
  found: Found,
): Promise<void> {
  const violations = await withView(state, (_, reading) =>
    violationsOf(readPartitionCounts(reading)),
  )
  assert.deepEqual(violations, [], 'I1: no total contradicts another')
  const records = found.subscribers.reduce((sum, [, row]) => sum + row[0], 0)
  assert.equal(records, found.applied, 'I1: the records of all subscribers are the rows applied')
  const hours = found.hours.reduce((sum, [, row]) => sum + row[0], 0)
  assert.equal(hours, found.applied, 'I1: the records of all hours are the rows applied')
  held('I1')
}

async function hashRejected(state: string): Promise<string> {
  const reading = openStateToRead(state)
  try {
    const rows = readRejected(reading, 1e7).sort(
      (a, b) => a.row - b.row || (a.source < b.source ? -1 : 1),
    )
    return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
  } finally {
    await reading.close()
  }
}

/** I2: a state has the numbers of the oracle, which shares no code with the program. */
export async function requireOracle(
  { held }: FaultContext,
  found: Found,
  files: readonly string[],
): Promise<void> {
  const raws = await Promise.all(files.map(rawRowsOf))
  const raw = { columns: raws[0].columns, rows: raws.flatMap(({ rows }) => rows) }
  const result = oracle(raw, { durationUnit: 'auto', missingMsisdn: 'reject' })
  const expected = JSON.parse(JSON.stringify(oracleJson(result))) as Expected
  assert.deepEqual(comparableFound(found), comparableExpected(expected), 'I2: the oracle agrees')
  held('I2')
}

/** I3 and I8: a state is that of an undisturbed run, with each rejected row once. */
export function requireSame({ held }: FaultContext, found: Durable | null, whole: Durable): void {
  assert.equal(found?.applied, whole.applied, 'I3: as many rows are applied')
  assert.equal(found.hash, whole.hash, 'I3: the state is that of an undisturbed run')
  assert.deepEqual(found.rejected, whole.rejected, 'I3: as many rows are rejected, by reason')
  assert.equal(found.rejectedHash, whole.rejectedHash, 'I8: each rejected row is kept once')
  held('I3')
}

/** The positions of a state by partition and source. */
export type Positions = ReadonlyMap<string, number>

/** The positions of a state; none of one without a commit. */
export const positionsOf = (found: Found | null): Positions =>
  new Map(
    (found?.positions ?? []).map(({ source, partition, position }) => [
      `${partition} ${source}`,
      position.next,
    ]),
  )

/** I6: no position decreased. Returns true when one increased. */
export function requireForward({ held }: FaultContext, before: Positions, now: Positions): boolean {
  for (const [source, position] of before) {
    assert.ok((now.get(source) ?? -1) >= position, 'I6: a stored position never decreases')
  }
  held('I6')
  return [...now].some(([source, position]) => position > (before.get(source) ?? 0))
}

/** I10: no number of a sample's subscribers is in what a process printed. */
export function requirePrivate({ held }: FaultContext, { stdout, stderr }: Outcome): void {
  const found = /\b336\d{8}\b/.exec(`${stdout}\n${stderr}`)
  assert.equal(found, null, 'I10: no MSISDN is printed')
  held('I10')
}

/** The exit code after SIGTERM. */
const STOPPED = 143

/** I12: a replay that exits with 0 has read all rows, and any other has a sentence. */
export function requireHonest(
  { held }: FaultContext,
  { code, signal, stderr }: Outcome,
  found: Durable | null,
  rows: number,
): void {
  const read = (found?.positions ?? []).reduce(
    (sum, { position }) => sum + position.applied + position.rejected,
    0,
  )
  if (code === 0) assert.equal(read, rows, 'I12: exit code 0 means that every row was read')
  else if (signal === null && code !== STOPPED)
    assert.match(stderr, /xdr-pulse: |"level":[56]0/, `I12: an error is printed, not:\n${stderr}`)
  held('I12')
}
