// Runs the command line as a user does: as a process, with its output and exit code.
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

/** Path of the program. */
export const CLI: string = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

/** The output of a command, and its exit code or the signal that ended it. */
export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A running command. */
export interface Running {
  process: ChildProcess
  ended: Promise<Outcome>
  /** Resolves with the match when stdout or stderr matches; rejects if the command ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  /** Ends it at once, with all of its group if it has one of its own. */
  kill(): void
}

/** Where a command runs: its environment variables and working directory. */
export interface Surroundings {
  env?: Record<string, string>
  cwd?: string
  /** It gets a process group of its own, so that programs that it starts end with it. */
  group?: boolean
}

/** The test's own environment without the variables that change a command. */
function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('XDR_PULSE_') && !name.startsWith('NODE_TEST_'),
  )
  return { ...Object.fromEntries(kept), ...more }
}

/** Starts any program. */
export function start(
  program: string,
  argv: string[],
  { env, cwd, group = false }: Surroundings = {},
): Running {
  const child = spawn(program, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(env),
    detached: group,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const output = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
  const prints = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
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
  const kill = (): void => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    process.kill(group ? -child.pid : child.pid, 'SIGKILL')
  }
  return { process: child, ended, prints, kill }
}

/** Starts `xdr-pulse` from the checkout. */
export const startPulse = (argv: string[], where?: Surroundings): Running =>
  start(process.execPath, [CLI, ...argv], where)

/** Runs `xdr-pulse` to its end. */
export const pulse = (argv: string[], where?: Surroundings): Promise<Outcome> =>
  startPulse(argv, where).ended

/** Runs `work` with a started command, and kills it when `work` returns or throws. */
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
