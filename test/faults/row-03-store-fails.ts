// Rows 3 and 4: a flush or a write of the store fails.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { FaultContext, FaultRow, Round } from './fault-row.ts'
import { createSeries, dataFiles, finish, makeSample, runOf, type Sample } from './replaying.ts'
import { isMetaWrite, isPageWrite, ordinalsOf, readCalls, type Call } from './strace.ts'

const ERRORS = ['EIO', 'ENOSPC', 'EDQUOT'] as const

/** A call that fails: its name, and which of the calls of that name. */
interface Failing {
  what: string
  call: string
  is: (call: Call) => boolean
}

/**
 * Lets one call fail, and all later ones of its kind succeed: a program that continued would commit
 * again. Asserts that it does not.
 */
async function failOnce(
  context: FaultContext,
  sample: Sample,
  { number, random }: Round,
  kinds: readonly Failing[],
): Promise<void> {
  const { what, call, is } = kinds[number % kinds.length]
  const error = ERRORS[Math.floor(random() * ERRORS.length)]
  const ordinals = ordinalsOf(sample.calls, call, is)
  const when = ordinals[Math.floor(random() * ordinals.length)]
  const series = createSeries(context, sample, String(number))
  const log = join(context.directory, 'strace.log')
  const inject = `${call}:error=${error}:when=${when}`
  const injection = { paths: dataFiles(series.state), log, inject }
  const { code, signal, stderr } = await runOf(context, series, { injection })
  const made = readCalls(log)
  const failed = made.findIndex(({ injected }) => injected)
  assert.ok(failed >= 0, `call ${when} of ${call} was made`)
  assert.equal(signal, null, `it ends by itself: ${stderr}`)
  assert.equal(code, 1, 'it ends with an error')
  assert.match(
    stderr,
    /check (the volume|that the volume)|free space/,
    'the error names the volume',
  )
  // LMDB and the program write back the meta page of a commit that failed: no flush follows.
  const later = made.slice(failed + 1).filter(({ name }) => name === 'fdatasync')
  assert.equal(later.length, 0, 'no later commit is accepted')
  if (is(made[failed])) context.reached(what)
  context.held('I9')
  await finish(context, series)
}

const FLUSHES: readonly Failing[] = [{ what: 'a flush fails', call: 'fdatasync', is: () => true }]

const WRITES: readonly Failing[] = [
  { what: 'a page fails', call: 'pwrite64', is: isPageWrite },
  { what: 'a meta page fails', call: 'pwrite64', is: isMetaWrite },
  { what: 'successive pages fail', call: 'writev', is: () => true },
]

/** Row 3. */
export const flushFails: FaultRow = {
  number: 3,
  title: 'a flush of the store fails',
  how: 'strace: one fdatasync of a data file returns EIO, ENOSPC or EDQUOT',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  also: 'it ends with a sentence, and accepts no later commit',
  needs: ['strace'],
  reaches: ['a flush fails'],
  shortRounds: 2,
  async run(context) {
    const sample = await makeSample(context)
    for (const round of context.rounds()) await failOnce(context, sample, round, FLUSHES)
  },
}

/** Row 4. */
export const writeFails: FaultRow = {
  number: 4,
  title: 'a write of the store fails',
  how: 'strace: one pwrite64 or writev of a data file returns EIO, ENOSPC or EDQUOT',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  also: 'it ends with a sentence, and accepts no later commit',
  needs: ['strace'],
  reaches: WRITES.map(({ what }) => what),
  shortRounds: 3,
  async run(context) {
    const sample = await makeSample(context)
    for (const round of context.rounds()) await failOnce(context, sample, round, WRITES)
  },
}
