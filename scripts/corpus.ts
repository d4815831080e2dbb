// Fetches the Parquet files of other projects that tests read: npm run corpus -- --fetch
import { parseArgs } from 'node:util'
import { messageOf } from '../src/errors.ts'
import { fetchCorpus, whyNoCorpus } from './corpus/corpus.ts'

const HELP = `Usage: npm run corpus -- --fetch

Fetches Parquet files of other projects into .corpus, with Maven, checked by SHA-256.
test/parquet/corpus.test.ts reads or refuses each of them.
`

const { values } = parseArgs({ options: { fetch: { type: 'boolean', default: false } } })

try {
  if (values.fetch) process.stdout.write(`.corpus has ${fetchCorpus()} files\n`)
  else process.stdout.write(`${HELP}${whyNoCorpus() ?? 'It is there.'}\n`)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
