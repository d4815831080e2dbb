// The tools and rights that make faults, and whether this machine has them.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const succeeds = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Where distributions keep the library that changes the clock of a process. */
const FAKETIME_PATHS = ['x86_64-linux-gnu', 'aarch64-linux-gnu', '.'].map(
  (folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`,
)

/** Path of libfaketime for programs with threads; undefined without it. */
export const faketimeLibrary = (): string | undefined => FAKETIME_PATHS.find(existsSync)

function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'xdr-pulse-mount-'))
  try {
    return (
      succeeds('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory) &&
      succeeds('umount', directory)
    )
  } finally {
    rmdirSync(directory)
  }
}

const TOOLS = {
  strace: {
    what: 'strace, and the right to trace processes (Debian: strace)',
    works: () => succeeds('strace', '-f', '-o', '/dev/null', 'true'),
  },
  mount: { what: 'the right to mount a volume (root)', works: canMount },
  unshare: {
    what: 'unshare, and the right to make PID namespaces (root)',
    works: () => succeeds('unshare', '--pid', '--fork', '--mount-proc', 'true'),
  },
  faketime: {
    what: 'libfaketime (Debian: faketime)',
    works: () => faketimeLibrary() !== undefined,
  },
  kafka: {
    what: 'Java 17 and Maven, or KAFKA_BROKERS',
    works: () =>
      process.env.KAFKA_BROKERS !== undefined ||
      (succeeds('java', '-version') && (succeeds('mvn', '-v') || existsSync('.kafka'))),
  },
} as const

/** A tool or right that a row needs. */
export type Tool = keyof typeof TOOLS

const known = new Map<Tool, boolean>()

/** The tools that are missing here, as a phrase; null when none is. */
export function missingTools(needs: readonly Tool[]): string | null {
  const missing = needs.filter((tool) => {
    if (!known.has(tool)) known.set(tool, TOOLS[tool].works())
    return known.get(tool) === false
  })
  return missing.length === 0 ? null : missing.map((tool) => TOOLS[tool].what).join('; ')
}
