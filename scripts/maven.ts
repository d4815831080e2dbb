// Runs Maven, which fetches what tests need.
import { spawnSync } from 'node:child_process'

const INSTALL_MAVEN = 'install Maven (Debian: apt-get install maven)'
/** Enough for 160 MB over a slow connection. */
const FETCH_MS = 10 * 60_000

/** Maven's plugin for files: one fixed version, because Maven resolves a bare name again every day. */
export const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.7.0'

/**
 * Runs Maven to its end.
 *
 * @param what what it fetches, for the error
 * @throws Error when Maven is missing or fails
 */
export function runMaven(what: string, argv: readonly string[]): void {
  const flags = ['--quiet', '--batch-mode', '-Dstyle.color=never']
  const run = spawnSync('mvn', [...flags, ...argv], { encoding: 'utf8', timeout: FETCH_MS })
  const error = run.error as NodeJS.ErrnoException | undefined
  if (error?.code === 'ENOENT') {
    throw new Error(`Maven is missing, it fetches ${what}: ${INSTALL_MAVEN}`)
  }
  if (run.status === 0) return
  const output = `${run.stdout}${run.stderr}`.trim().split('\n').slice(0, 3).join('\n')
  throw new Error(`Maven failed to fetch ${what}: ${error?.message ?? ''}\n${output}`)
}
