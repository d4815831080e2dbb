// What a shell can complete: commands, flags, closed lists of values, files and directories.

/** What follows a flag, or is the argument of a command. */
export type Completes = 'nothing' | 'text' | 'files' | 'directories' | readonly string[]

/** A flag of a command. */
export interface Flag {
  flag: string
  doc: string
  completes: Completes
}

/** A command with its argument and flags. */
export interface CommandWords {
  name: string
  doc: string
  /** `nothing` for a command without argument. */
  argument: Completes
  flags: readonly Flag[]
}

/** A text in single quotes of a shell; a quote in it becomes `'\''`. */
export const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** All flags that are followed by the same kind of value, each once. */
export const flagsOf = (
  commands: readonly CommandWords[],
  completes: 'files' | 'directories' | 'text',
): string[] => [
  ...new Set(
    commands.flatMap(({ flags }) =>
      flags.filter((flag) => flag.completes === completes).map(({ flag }) => flag),
    ),
  ),
]
