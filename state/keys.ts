// Keys of the store: big-endian, so that LMDB orders them by number.

/** How the keys of a database are encoded, and what its entries are called in errors. */
export interface KeyEncoding<K extends Buffer | string> {
  keyBytes: (key: K) => Buffer
  keyOf: (bytes: Buffer) => K
  describe: (bytes: Buffer) => string
}

const U32 = 2 ** 32

/** Key of a page of the base image: block, then page. */
export function blockKey(block: number, page: number): Buffer {
  const key = Buffer.allocUnsafe(6)
  key.writeUInt32BE(block, 0)
  key.writeUInt16BE(page, 4)
  return key
}

/** Key of a page of the journal: commit (48 bits), then page. */
export function journalKey(commit: number, page: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key.writeUIntBE(commit, 0, 6)
  key.writeUInt32BE(page, 6)
  return key
}

/** The commit of a key of the journal. */
export const commitOfKey = (key: Buffer): number => key.readUIntBE(0, 6)
/** The page of a key of the journal. */
export const pageOfKey = (key: Buffer): number => key.readUInt32BE(6)
/** The block of a key of the base image. */
export const blockOfKey = (key: Buffer): number => key.readUInt32BE(0)

/** Key of an hour: its number plus 1, so that the unknown hour (-1) is the first. */
export function hourKey(hour: number): Buffer {
  const key = Buffer.allocUnsafe(4)
  key.writeUInt32BE(hour + 1)
  return key
}

/** The hour number of a key; -1 for the unknown hour. */
export const hourOfKey = (key: Buffer): number => key.readUInt32BE(0) - 1

/** Key of a rejected row: the first 16 bytes of the source's identity, then the row number. */
export function rejectedKey(source: string, row: number): Buffer {
  const key = Buffer.allocUnsafe(24)
  key.write(source.slice(0, 32), 0, 16, 'hex')
  key.writeUInt32BE(Math.floor(row / U32), 16)
  key.writeUInt32BE(row % U32, 20)
  return key
}

/** The source of a key of a rejected row: its identity, 32 hex digits. */
export const sourceOfKey = (key: Buffer): string => key.toString('hex', 0, 16)
/** The row number of a key of a rejected row. */
export const rowOfKey = (key: Buffer): number => key.readUInt32BE(16) * U32 + key.readUInt32BE(20)

/** An encoding of binary keys of a given length; a damaged key may have another one. */
const binaryKeys = (
  what: string,
  length: number,
  describe: (key: Buffer) => string,
): KeyEncoding<Buffer> => ({
  keyBytes: (key) => key,
  keyOf: (bytes) => bytes,
  describe: (key) => `${what} ${key.length === length ? describe(key) : key.toString('hex')}`,
})

/** Keys of the base image. */
export const BASE_PAGE: KeyEncoding<Buffer> = binaryKeys(
  'aggregates of',
  6,
  (key) => `block ${blockOfKey(key)}, page ${key.readUInt16BE(4)},`,
)
/** Keys of the journal. */
export const JOURNAL_PAGE: KeyEncoding<Buffer> = binaryKeys(
  'journal of',
  10,
  (key) => `commit ${commitOfKey(key)}, page ${pageOfKey(key)},`,
)
/** Keys of the totals by hour. */
export const HOUR: KeyEncoding<Buffer> = binaryKeys('totals of hour', 4, (key) =>
  String(hourOfKey(key)),
)
/** Keys of the rejected rows, and of the outbox. */
export const REJECTED_ROW: KeyEncoding<Buffer> = binaryKeys(
  'rejected row',
  24,
  (key) => `${rowOfKey(key)} of source ${sourceOfKey(key)}`,
)
/** Keys that are texts. */
export const TEXT = (what: string): KeyEncoding<string> => ({
  keyBytes: (key) => Buffer.from(key),
  keyOf: (bytes) => bytes.toString(),
  describe: (key) => `${what} ${JSON.stringify(key.toString())}`,
})
