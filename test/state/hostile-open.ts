// Opens each path that it is given in each way, and prints what became of it: a JSON line per pair.
import { backupState, restoreState } from '../../state/backup.ts'
import { openStateToRead } from '../../state/read.ts'
import { openState } from '../../state/writer.ts'
import { OPTIONS } from './stores.ts'

const [good, ...pairs] = process.argv.slice(2)

const WAYS: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  read: async (path) => openStateToRead(path).close(),
  write: async (path) => (await openState(path, OPTIONS, 'test')).close(),
  'back up to': (path) => backupState(good, path, 1),
  'restore from': (path) => restoreState(path, `${good}-restored`),
  'restore to': (path) => restoreState(good, path),
}

for (const pair of pairs) {
  const [way, path] = pair.split('|')
  const message = await WAYS[way](path).then(
    () => 'opened',
    (error: unknown) => String(error),
  )
  process.stdout.write(`${JSON.stringify({ pair, message })}\n`)
}
