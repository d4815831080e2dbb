// The version and the revision of this package, in a checkout, in an image and when installed.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { assert } from './errors.ts'

/** The directory of the package's manifest, and the version in it. */
function readManifest(): { root: string; version: string } {
  // In the built package this file is one directory deeper.
  for (const up of ['..', '../..']) {
    const root = resolve(import.meta.dirname, up)
    const path = join(root, 'package.json')
    if (!existsSync(path)) continue
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { name: string; version: string }
    if (manifest.name === 'xdr-pulse') return { root, version: manifest.version }
  }
  assert(false, 'the manifest is in a directory above the source')
}

const MANIFEST = readManifest()

/** The version of this package, such as 1.2.3. */
export const VERSION: string = MANIFEST.version

/** The variable with the revision that an image was built from. */
const REVISION_VARIABLE = 'XDR_PULSE_REVISION'

/** Digits of a commit that are shown: unique in a repository of any size. */
const COMMIT_DIGITS = 12

/**
 * The revision that this program was built from: the value of `XDR_PULSE_REVISION`, else the first
 * 12 digits of the commit that is checked out in `root`, else `unknown`.
 *
 * No process is started, and a repository around `root` is not read: it is that of another program.
 *
 * @param root directory that holds `.git`
 */
export function revisionOf(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  root: string = MANIFEST.root,
): string {
  const given = (environment[REVISION_VARIABLE] ?? '').trim()
  if (given !== '') return given
  return checkedOutCommit(join(root, '.git'))?.slice(0, COMMIT_DIGITS) ?? 'unknown'
}

/** The commit of a repository's HEAD; null where there is none, or it is stored in another way. */
function checkedOutCommit(git: string): string | null {
  // In a linked worktree .git is a file that names its directory; refs are in the main one.
  const linked = /^gitdir: (.+)$/m.exec(textOf(git))?.[1]
  const own = linked === undefined ? git : resolve(dirname(git), linked)
  const shared = resolve(own, textOf(join(own, 'commondir')).trim())
  const head = textOf(join(own, 'HEAD')).trim()
  const ref = /^ref: (\S+)$/.exec(head)?.[1]
  if (ref === undefined) return commitIn(head)
  const packed = textOf(join(shared, 'packed-refs'))
    .split('\n')
    .find((line) => line.endsWith(` ${ref}`))
  return commitIn(textOf(join(shared, ref))) ?? commitIn(packed ?? '')
}

/** The id of a commit, SHA-1 or SHA-256, at the beginning of a text. */
const commitIn = (text: string): string | null => /^[0-9a-f]{40,64}(?=\s|$)/.exec(text)?.[0] ?? null

/** The text of a file; empty where it cannot be read, as the revision never stops a start. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
