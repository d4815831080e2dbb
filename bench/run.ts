// The benches of docs/figures.md: `npm run bench -- [NAME|all] [--rows N] …`.
import { benchChangelog } from './changelog.ts'
import { benchDecode } from './decode.ts'
import { benchGrowth } from './growth.ts'
import { benchInterference } from './interference.ts'
import { benchKafka } from './kafka.ts'
import { benchLatency } from './latency.ts'
import { benchLive } from './live.ts'
import { readOptions, type BenchOptions } from './options.ts'
import { benchPaired } from './paired.ts'
import { benchPeers } from './peers.ts'
import { benchLookUp } from './look-up.ts'
import { benchReplay } from './replay.ts'
import { benchRestart } from './restart.ts'

const BENCHES: ReadonlyMap<string, (options: BenchOptions) => Promise<void>> = new Map([
  ['replay', benchReplay],
  ['growth', benchGrowth],
  ['interference', benchInterference],
  ['decode', benchDecode],
  ['kafka', benchKafka],
  ['restart', benchRestart],
  ['changelog', benchChangelog],
  ['latency', benchLatency],
  ['live', benchLive],
  ['peers', benchPeers],
  ['paired', benchPaired],
  ['look-up', benchLookUp],
])

/** Defaults of single benches: the restart bench has a million subscribers. */
const OWN: Readonly<Record<string, Partial<BenchOptions>>> = {
  'look-up': { rows: 4_000_000, subscribers: 1_155_000 },
  restart: { subscribers: 1_155_000, runs: 5, seconds: 4 },
  paired: { rows: 300_000, subscribers: 75_000, runs: 7 },
}

const [name = 'all', ...args] = process.argv.slice(2)
const chosen = name === 'all' ? [...BENCHES.keys()] : [name]
for (const one of chosen) {
  const bench = BENCHES.get(one)
  if (bench === undefined) {
    const names = [...BENCHES.keys(), 'all'].join(', ')
    process.stderr.write(`"${name}" is not a bench; expected one of ${names}\n`)
    process.exit(2)
  }
  await bench(readOptions(args, OWN[one]))
}
