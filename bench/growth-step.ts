// One step of the growth bench as a process: `node --expose-gc growth-step.ts STEP FILE STATE`.
import { AUTO_UNITS } from '../src/record/source-units.ts'
import { performance } from 'node:perf_hooks'
import { replayFiles } from '../consumers/files/replay.ts'
import { takeSnapshot, type PhaseTimes } from '../src/snapshot/take.ts'
import { openStateToRead, viewState } from '../state/read.ts'
import { openState, type StateOptions } from '../state/writer.ts'
import { statusBytes } from './process.ts'

/** The line of JSON that each step prints. */
export interface Steps {
  replay: { rows: number; seconds: number; cpuSeconds: number; fileBytes: number }
  restart: { subscribers: number; seconds: number; grownBytes: number; totalBytes: number }
  snapshot: PhaseTimes
}

const STATE: StateOptions = {
  partitions: 1,
  timeZone: 'UTC',
  missingMsisdn: 'reject',
}

/** Anonymous memory after a garbage collection: the system may drop mapped files at any time. */
function anonymousBytes(): number {
  global.gc?.()
  return statusBytes('self', 'RssAnon')
}

async function replay(file: string, stateDirectory: string): Promise<Steps['replay']> {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const speed = { commitIntervalMs: 1000, keepRejected: 100_000, speed: 'max', threads: 1 } as const
  const end = await replayFiles(
    { files: [file], stateDirectory, state: STATE, units: AUTO_UNITS, ...speed },
    () => {
      // Progress is not shown.
    },
  )
  const { user, system } = process.cpuUsage(cpu)
  return {
    rows: end.totalRows,
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (user + system) / 1e6,
    fileBytes: end.store.fileBytes,
  }
}

async function restart(stateDirectory: string): Promise<Steps['restart']> {
  const before = anonymousBytes()
  const start = performance.now()
  const state = await openState(stateDirectory, STATE, 'bench')
  const seconds = (performance.now() - start) / 1000
  const totalBytes = anonymousBytes()
  const subscribers = state.partitions.reduce((sum, { table }) => sum + table.count, 0)
  await state.close()
  return { subscribers, seconds, grownBytes: totalBytes - before, totalBytes }
}

async function snapshot(stateDirectory: string): Promise<Steps['snapshot']> {
  const state = openStateToRead(stateDirectory)
  const view = viewState(state)
  const options = {
    features: ['sessions', 'durationMs', 'trafficBytes'] as const,
    scaling: 'min-max' as const,
    k: 3,
    top: 10,
    seed: 1,
    excludeApplications: [],
  }
  const taken = takeSnapshot(view, { ...options, features: [...options.features] }, () =>
    performance.now(),
  )
  view.finish()
  await state.close()
  return taken.times
}

const [step, file, stateDirectory] = process.argv.slice(2)
const steps: Record<string, () => Promise<Steps[keyof Steps]>> = {
  replay: () => replay(file, stateDirectory),
  restart: () => restart(stateDirectory),
  snapshot: () => snapshot(stateDirectory),
}
process.stdout.write(JSON.stringify(await steps[step]()))
