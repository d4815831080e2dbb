// Runs the program: checks the runtime, prints errors as one sentence, sets the exit code.
import { messageOf, outputError, PulseError, troubleOf } from './errors.ts'
import { plainText, printNote } from './plain-text.ts'

const LEAST_NODE = 24

async function main(): Promise<number> {
  const major = Number(process.versions.node.split('.')[0])
  if (major < LEAST_NODE) {
    throw new PulseError(
      'runtime',
      `Node.js is ${process.versions.node}, expected ${LEAST_NODE} or newer; in a checkout use ` +
        '"npm run -s pulse -- COMMAND", which brings its own',
    )
  }
  const { runProgram } = await import('./commands/program.ts')
  return runProgram()
}

function exitCodeOf(error: unknown): number {
  const trouble = troubleOf(error)
  if (trouble !== null) {
    printNote(`xdr-pulse: ${trouble.message}`)
    return trouble.code === 'usage' ? 2 : 1
  }
  const text = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error)
  process.stderr.write(`xdr-pulse: internal error, please report: ${plainText(text)}\n`)
  return 1
}

let hasOutput = true

/**
 * A reader that closes the pipe early (head, less) needs no more: that is not a failure. Any other
 * error, such as a full disk, is one. Either way a command that runs until a signal ends as by one.
 */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (!hasOutput) return
  hasOutput = false
  if (error.code !== 'EPIPE') {
    printNote(`xdr-pulse: ${outputError('the output', error).message}`)
    process.once('exit', () => (process.exitCode = 1))
  }
  if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM')
}

process.stdout.on('error', onOutputError)

// A log without a reader does not stop the process.
process.stderr.on('error', () => undefined)

process.exitCode = await main().catch(exitCodeOf)
