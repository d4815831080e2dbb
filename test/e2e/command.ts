// Runs the command line as a user does: a process of its own, words and exit code.
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** What a command said and how it ended: by a code, or by a signal. */
export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  process: ChildProcess
  ended: Promise<Outcome>
  /** Resolves with the match once stdout and stderr hold it; rejects when the command ends first. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

/** Where a command runs: its environment variables and working directory. */
export interface Surroundings {
  env?: Record<string, string>
  cwd?: string
}

/** The test's own environment without what would change the command. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('XDR_PULSE_') && !name.startsWith('NODE_TEST_'),
  )
  return { ...Object.fromEntries(kept), ...more }
}

/** Starts any program. */
export function start(program: string, argv: string[], { env, cwd }: Surroundings = {}): Running {
  const child = spawn(program, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(env),
    ...(cwd === undefined ? {} : { cwd }),
  })
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...said }))
  })
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(said.stdout) ?? pattern.exec(said.stderr)
        if (found === null) return
        listeners.delete(look)
        resolve(found)
      }
      listeners.add(look)
      look()
      void ended.then(({ code, stdout, stderr }) => {
        reject(new Error(`ended with ${code} before ${pattern.source}:\n${stdout}\n${stderr}`))
      }, reject)
    })
  return { process: child, ended, says }
}

/** Starts `xdr-pulse` out of the checkout. */
export const startPulse = (argv: string[], where?: Surroundings): Running =>
  start(process.execPath, [CLI, ...argv], where)

/** Runs `xdr-pulse` to its end. */
export const pulse = (argv: string[], where?: Surroundings): Promise<Outcome> =>
  startPulse(argv, where).ended

/** Runs `work` with a started command that is gone afterwards, whatever happened. */
export async function withPulse<T>(
  argv: string[],
  work: (running: Running) => Promise<T>,
): Promise<T> {
  const running = startPulse(argv)
  try {
    return await work(running)
  } finally {
    running.process.kill('SIGKILL')
    await running.ended
  }
}
