// Row 20: a state of a former format, a kill while it is converted, and one of a newer format.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { FORMAT } from '../../state/partition-metadata.ts'
import { openStateToRead } from '../../state/read.ts'
import { writeStamp } from '../../state/stamp.ts'
import { openPartition } from '../../state/store.ts'
import {
  copyFormerState,
  FORMER_HASHES,
  FORMER_PARTITIONS as PARTITIONS,
} from '../state/former-states.ts'
import { readBack } from '../state-directory.ts'
import type { FaultContext, FaultRow } from './fault-row.ts'
import { readDurable } from './invariants.ts'
import { dataFiles, startReplay } from './replaying.ts'
import { sampleIn } from '../consumers/files/samples.ts'

const formatOf = async (state: string): Promise<number> => {
  const reading = openStateToRead(state)
  const { format } = reading.stamp
  await reading.close()
  return format
}

/** Row 20. */
export const formerFormats: FaultRow = {
  number: 20,
  title: 'old state with new code, and a newer state',
  how: 'stored states of formats 2 and 3; the process that converts them is killed at a flush (strace); a stamp of a newer format',
  holds: ['I1', 'I3', 'I12'],
  also: 'migrates or refuses; never misreads',
  needs: ['strace'],
  reaches: [
    'format 2 converted',
    'format 3 converted',
    'killed while it converts',
    'newer refused',
  ],
  shortRounds: 2,
  async run(context) {
    const file = await sampleIn(context.directory)
    for (const { number, random } of context.rounds()) {
      const format = number % 2 === 0 ? 2 : 3
      const state = join(context.directory, `format-${number}`)
      copyFormerState(format, state)
      const convert = async (kill: boolean): Promise<void> => {
        const log = join(context.directory, 'strace.log')
        // Each partition is converted in one transaction, with one flush.
        const when = 1 + Math.floor(random() * PARTITIONS)
        const inject = `fdatasync:signal=SIGKILL:when=${when}`
        const injection = kill ? { paths: dataFiles(state, PARTITIONS), log, inject } : undefined
        const run = { file, state, partitions: PARTITIONS, ...(injection ? { injection } : {}) }
        const { code, signal, stderr } = await startReplay(run).ended
        if (signal !== null) context.reached('killed while it converts')
        // It reads a topic, so files are refused, after the conversion.
        else assert.ok(code === 1 && /xdr-pulse: the state/.test(stderr), stderr)
        assert.equal((await readBack(state)).hash, FORMER_HASHES[format], 'I3: the same numbers')
        context.held('I3')
      }
      await convert(true)
      await convert(false)
      assert.equal(await formatOf(state), FORMAT)
      assert.ok((await readDurable(context, state)) !== null)
      context.reached(`format ${format} converted`)
      await refuseNewer(context, state, file)
    }
  },
}

async function refuseNewer(context: FaultContext, state: string, file: string): Promise<void> {
  const { environment, meta, stamp } = openPartition(state, 0, 'write')
  assert.ok(stamp !== null)
  environment.transactionSync(() => {
    writeStamp(meta.database, { ...stamp, format: FORMAT + 1 })
  })
  await environment.close()
  const { code, stderr } = await startReplay({ file, state, partitions: PARTITIONS }).ended
  assert.equal(code, 1, stderr)
  assert.match(stderr, /newer/)
  context.reached('newer refused')
  context.held('I12')
}
