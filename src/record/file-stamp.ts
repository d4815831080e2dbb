// What shows that a file was replaced, appended to, cut off or written to since it was opened.

/** A path and the state of the file there. */
export interface FileStamp {
  /** The absolute path. */
  path: string
  /** Device and inode. */
  inode: string
  bytes: number
  /** Time of the last modification in ns since 1970, as text: a float64 does not hold it. */
  modifiedNs: string
  /** Time of the last change of content or attributes, which no program can set. */
  changedNs: string
}

/** True for a file that nobody has touched: its content is what it was. */
export const isUntouched = (then: FileStamp, now: FileStamp): boolean =>
  now.inode === then.inode &&
  now.bytes === then.bytes &&
  now.modifiedNs === then.modifiedNs &&
  now.changedNs === then.changedNs

/**
 * What happened to the content of a file, as a phrase; null when nothing did.
 *
 * @param now null when there is no file at the path
 */
export function changeOf(then: FileStamp, now: FileStamp | null): string | null {
  if (now === null) return 'was removed or renamed'
  if (now.inode !== then.inode) return 'was replaced'
  if (now.bytes !== then.bytes) {
    const how = now.bytes > then.bytes ? 'grew' : 'was cut off'
    return `${how} from ${then.bytes} to ${now.bytes} bytes`
  }
  return now.modifiedNs === then.modifiedNs ? null : 'was written to'
}
