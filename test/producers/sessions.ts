// The sessions that foreign producers send, and the state that a replay of them from files gives.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalName } from '../../src/record/column-names.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { replay } from '../consumers/files/replaying.ts'
import { currentDocuments, type Block } from '../docs/documents.ts'
import { ROOT } from '../source-tree.ts'
import { readBack, withDirectory } from '../state-directory.ts'

const ROWS = 450
/** More than the distinct keys that show a partitioner; with 300, in turn, none would be in two partitions. */
const SUBSCRIBERS = 299
const WITHOUT_MSISDN = 5
const BEGIN_MS = Date.UTC(2019, 4, 1)
const MINUTE_MS = 60_000

/** A session with the names of `session.avsc`. */
export interface Session {
  bearer_id: string
  start: number
  end: number
  dur_ms: number
  msisdn_number: number | null
  total_dl_bytes: number
  total_ul_bytes: number
}

/** Sessions with MSISDNs of 11 and of 15 digits, large volumes, and a few without MSISDN. */
export const sessions: readonly Session[] = Array.from({ length: ROWS }, (_, at) => {
  const subscriber = (at * 7) % SUBSCRIBERS
  const minutes = 1 + (at % 90)
  const start = BEGIN_MS + at * 5 * MINUTE_MS
  return {
    // Above 2^53: as a number in JSON it would lose digits.
    bearer_id: String(13_114_483_460_844_900_000n + BigInt(at)),
    start,
    end: start + minutes * MINUTE_MS,
    dur_ms: minutes * MINUTE_MS,
    msisdn_number:
      at >= ROWS - WITHOUT_MSISDN
        ? null
        : (subscriber % 2 === 0 ? 33_600_000_000 : 882_160_000_000_000) + subscriber * 7919,
    total_dl_bytes: 3_000_000_000_000 + at * 1_000_003,
    total_ul_bytes: 10 + at,
  }
})

/** How many of them are records. */
export const RECORDS = ROWS - WITHOUT_MSISDN
/** The rows that every way of sending rejects. */
export const REJECTED = { 'missing-msisdn': WITHOUT_MSISDN }

/** The key of a session; null without MSISDN. */
export const keyOf = ({ msisdn_number: msisdn }: Session): string | null =>
  msisdn === null ? null : String(msisdn)

/** A session as a line of JSON. */
export const lineOf = (session: Session): string => JSON.stringify(session)

/** Writes the sessions as CSV, with the other columns of files empty, cut into a number of files of about equal length. */
export async function writeCsv(directory: string, parts: number): Promise<string[]> {
  const size = Math.ceil(ROWS / parts)
  const own = Object.keys(sessions[0])
  const absent = USED_COLUMNS.filter((name) => !own.some((one) => canonicalName(one) === name))
  const heading = [...own, ...absent].join(',')
  return Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const rows = sessions.slice(part * size, (part + 1) * size)
      const path = join(directory, `sessions-${part}.csv`)
      const lines = rows.map((row) => Object.values(row).join(',') + ','.repeat(absent.length))
      await writeFile(path, [heading, ...lines, ''].join('\n'))
      return path
    }),
  )
}

/** The hash of the state that a replay of the sessions gives. */
export const hashOfReplay = (): Promise<string> =>
  withDirectory(async (directory) => {
    const state = join(directory, 'state')
    await replay(await writeCsv(directory, 1), state)
    return (await readBack(state)).hash
  })

const FOLDER = 'docs/producers/'

/** The pages of docs/producers without their index: the name of a page, and its blocks. */
export const producerPages: ReadonlyMap<string, readonly Block[]> = new Map(
  currentDocuments
    .filter(({ path }) => path.startsWith(FOLDER) && !path.endsWith('README.md'))
    .map(({ path, blocks }) => [path.slice(FOLDER.length), blocks]),
)

/** The text of the index of docs/producers. */
export const producerIndex = readFileSync(join(ROOT, FOLDER, 'README.md'), 'utf8')

/** The text of a file that the index shows: its block has the name after the language. */
export function fileOfIndex(name: string): string {
  const index = currentDocuments.find(({ path }) => path === `${FOLDER}README.md`)
  const block = index?.blocks.find(({ info }) => info.endsWith(` ${name}`))
  if (block === undefined) throw new Error(`docs/producers/README.md has no block of ${name}`)
  return block.text
}
