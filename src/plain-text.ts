// Text for a terminal or a log line: what a file or a message contains cannot act as a command.
//
// Names of files, columns, schemas and topics, keys and raw values come from outside. A terminal
// obeys escape sequences in them, and a line break would begin a line that nobody wrote.

/** Controls, line separators, and what changes the direction or visibility of other characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNSEEN_BUT_BREAKS = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** As JSON escapes it. */
const escaped = (found: string): string =>
  SHORT[found] ??
  Array.from({ length: found.length }, (_, at) => {
    const unit = found.charCodeAt(at).toString(16).padStart(4, '0')
    return `\\u${unit}`
  }).join('')

/** A text as one line, with every character that is not seen as its escape: `\u001b`. */
export const plainLine = (text: string): string => text.replaceAll(UNSEEN, escaped)

/** As `plainLine`, but line breaks stay. JSON keeps its meaning. */
export const plainText = (text: string): string => text.replaceAll(UNSEEN_BUT_BREAKS, escaped)

/** Prints text or JSON to stdout, with a line break. */
export function printText(text: string): void {
  process.stdout.write(`${plainText(text)}\n`)
}

/** Prints a sentence to stderr as one line. */
export function printNote(sentence: string): void {
  process.stderr.write(`${plainLine(sentence)}\n`)
}
