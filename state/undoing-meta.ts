// Leaves LMDB's data file as it was when a write transaction fails.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { dataFileOf, PAGE_BYTES, parseMeta, readMetaPages, withDataFile } from './data-file.ts'

/**
 * Runs `work`, which makes one write transaction. Where the meta page of one could not be
 * written, LMDB writes it again with the former number, but with the roots of the transaction that
 * failed: the former page is put back, because such a page looks damaged.
 *
 * @throws whatever `work` throws
 */
export function undoingMeta<T>(directory: string, work: () => T): T {
  const before = withDataFile(directory, readMetaPages)
  try {
    return work()
  } catch (error) {
    putBack(directory, before)
    throw error
  }
}

function putBack(directory: string, before: Buffer): void {
  try {
    const now = withDataFile(directory, readMetaPages)
    for (const page of [0, 1]) {
      const [from, to] = [page * PAGE_BYTES, (page + 1) * PAGE_BYTES]
      const isSame = before.subarray(from, to).equals(now.subarray(from, to))
      if (isSame || parseMeta(before, page).transaction !== parseMeta(now, page).transaction)
        continue
      const descriptor = openSync(dataFileOf(directory), 'r+')
      try {
        writeSync(descriptor, before, from, PAGE_BYTES, from)
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
    }
  } catch {
    // The volume fails: the error of the transaction names it, and the next start checks the file.
  }
}
