// A process that replays one file and prints its phases; `reading.test.ts` reads its state meanwhile.
//   node replay-child.ts FILE STATE PARTITIONS COMMIT_MS
import { writeSync } from 'node:fs'
import { replayFiles } from '../../consumers/files/replay.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'

const [file, stateDirectory, partitions, commitMs] = process.argv.slice(2)
const print = (word: string): number => writeSync(1, `${word}\n`)

print('started')
const options = {
  files: [file],
  stateDirectory,
  state: {
    partitions: Number(partitions),
    timeZone: 'UTC',
    missingMsisdn: 'reject',
  },
  units: { ...AUTO_UNITS, durationUnit: 's' },
  commitIntervalMs: Number(commitMs),
  keepRejected: 100_000,
  speed: 'max',
  threads: Number(process.env['XDR_PULSE_THREADS'] ?? 1),
} as const
const progress = await replayFiles(options, (replay) => {
  process.once('SIGTERM', () => replay.stop())
  print('ready')
})
print(progress.done ? 'done' : 'stopped')
