// The entries of a zip archive (a jar is one), as far as Maven's archives need: stored or deflated.
import { inflateRawSync } from 'node:zlib'

/** The signature of the record at the end, which has no comment in these archives. */
const END = 0x06054b50
const END_BYTES = 22
const ENTRY = 0x02014b50
const [STORED, DEFLATED] = [0, 8]

/** The files of an archive in its order, each with its name. */
export function* zipEntries(archive: Buffer): Generator<{ name: string; read: () => Buffer }> {
  const end = archive.length - END_BYTES
  if (archive.readUInt32LE(end) !== END) throw new Error('the archive has no end record')
  const count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  for (let entry = 0; entry < count; entry++) {
    if (archive.readUInt32LE(at) !== ENTRY) throw new Error(`entry ${entry} is damaged`)
    const method = archive.readUInt16LE(at + 10)
    const size = archive.readUInt32LE(at + 20)
    const [name, extra, comment] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field))
    const local = archive.readUInt32LE(at + 42)
    const read = (): Buffer => {
      // The lengths of name and extra field are repeated before the content, and may differ there.
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
      const content = archive.subarray(start, start + size)
      if (method === STORED) return content
      if (method === DEFLATED) return inflateRawSync(content)
      throw new Error(`entry ${entry} is compressed with method ${method}, expected 0 or 8`)
    }
    yield { name: archive.toString('utf8', at + 46, at + 46 + name), read }
    at += 46 + name + extra + comment
  }
}
