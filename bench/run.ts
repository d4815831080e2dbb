// Benches of the README's figures: `npm run bench -- [replay|growth|interference|decode|all] [--rows N] …`.
import { benchDecode } from './decode.ts'
import { benchGrowth } from './growth.ts'
import { benchInterference } from './interference.ts'
import { readOptions, type BenchOptions } from './options.ts'
import { benchKafka } from './kafka.ts'
import { benchReplay } from './replay.ts'

const BENCHES: ReadonlyMap<string, (options: BenchOptions) => Promise<void>> = new Map([
  ['replay', benchReplay],
  ['growth', benchGrowth],
  ['interference', benchInterference],
  ['decode', benchDecode],
  ['kafka', benchKafka],
])

const [name = 'all', ...args] = process.argv.slice(2)
const chosen = name === 'all' ? [...BENCHES.values()] : [BENCHES.get(name)]
for (const bench of chosen) {
  if (bench === undefined) {
    const names = [...BENCHES.keys(), 'all'].join(', ')
    process.stderr.write(`the bench is "${name}", expected one of ${names}\n`)
    process.exit(2)
  }
  await bench(readOptions(args))
}
