// The log: JSON lines on stderr for machines, short lines for a person at a terminal.
import pino from 'pino'
import { plainLine, plainText } from './plain-text.ts'

/** A log with the levels of pino. */
export type Log = pino.Logger

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  40: 'warning: ',
  50: 'error: ',
  60: 'error: ',
}

/**
 * A log of the given minimum level. Its messages must not contain MSISDNs.
 *
 * @param terminal short lines for a person, else JSON
 * @param write receives each line with its line break
 */
export function createLog(level: string, terminal: boolean, write: (text: string) => void): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, { write: (line) => write(terminal ? shortLine(line) : plainText(line)) })
}

function shortLine(line: string): string {
  const { level, msg } = JSON.parse(line) as { level: number; msg: string }
  return `${LEVEL_NAMES[level] ?? ''}${plainLine(msg)}\n`
}
