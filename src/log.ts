// The log: JSON lines on stderr for machines, short lines for a person at a terminal.
import pino from 'pino'

export type Log = pino.Logger

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  40: 'warning: ',
  50: 'error: ',
  60: 'error: ',
}

/** A log of a level; MSISDNs must never be given to it. */
export function createLog(level: string, terminal: boolean, write: (text: string) => void): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, { write: (line) => write(terminal ? shortLine(line) : line) })
}

function shortLine(line: string): string {
  const { level, msg } = JSON.parse(line) as { level: number; msg: string }
  return `${LEVEL_NAMES[level] ?? ''}${msg}\n`
}
