// Which of the options given have no effect together with the others, and why.
import { OPTIONS, parseValues, type OptionName } from './config.ts'

/** Where the text of an option's value comes from. */
export type Origin = 'flag' | 'variable' | 'default'

/** An option as it was written. */
export interface WrittenOption {
  text: string
  origin: Origin
  /** The flag or the variable, for sentences. */
  place: string
}

/** The options of one command, by name, as they were written. */
export type WrittenOptions = Readonly<Partial<Record<OptionName, WrittenOption>>>

/** An option without effect, with the reason as a sentence. */
export interface Ineffective {
  name: OptionName
  origin: Origin
  sentence: string
}

const NAMES = Object.keys(OPTIONS) as OptionName[]

/** The conditions of an option, as the table has them. */
interface Conditions {
  needs?: readonly string[]
  excludes?: readonly string[]
}

/**
 * The option that a condition names, and the values that meet it; null for any except the default.
 *
 * @throws Error for a flag that is not in the table
 */
export function parseCondition(condition: string): {
  option: OptionName
  values: readonly string[] | null
} {
  const [flag, values = ''] = condition.split(' ')
  const option = NAMES.find((name) => OPTIONS[name].flag === flag)
  if (option === undefined) throw new Error(`"${condition}" names no option`)
  return { option, values: values === '' ? null : values.split('|') }
}

/** Whether an option has a value other than its default. */
function isSet(option: OptionName, { text }: WrittenOption): boolean {
  const valueOf = (written: string): unknown => parseValues([option], { [option]: written })[option]
  return JSON.stringify(valueOf(text)) !== JSON.stringify(valueOf(OPTIONS[option].default))
}

function isMet(condition: string, written: WrittenOptions): boolean {
  const { option, values } = parseCondition(condition)
  const found = written[option]
  if (found === undefined) return false
  return values === null ? isSet(option, found) : values.includes(found.text)
}

/** Whether the command takes the option of a condition. */
const isTaken = (condition: string, written: WrittenOptions): boolean =>
  written[parseCondition(condition).option] !== undefined

function reasonOf(name: OptionName, written: WrittenOptions): string | null {
  const { needs = [], excludes = [] }: Conditions = OPTIONS[name]
  const lacking = needs.find((need) => isTaken(need, written) && !isMet(need, written))
  if (lacking !== undefined) return `without ${lacking}`
  const other = excludes.find((exclude) => isMet(exclude, written))
  if (other === undefined) return null
  const { option, values } = parseCondition(other)
  const found = written[option]
  if (found === undefined) return null
  const { place, origin, text } = found
  return `with ${origin === 'variable' ? `${place}=${text}` : values === null ? place : other}`
}

/** The options given that have no effect together with the others, in the order of the table. */
export function ineffectiveOptions(written: WrittenOptions): Ineffective[] {
  return NAMES.flatMap((name) => {
    const option = written[name]
    if (option === undefined || option.origin === 'default') return []
    // A switch that is off, or a value that is the default, asks for nothing.
    if (option.origin === 'variable' && !isSet(name, option)) return []
    const reason = reasonOf(name, written)
    if (reason === null) return []
    const sentence = `${option.place} has no effect ${reason}`
    return [{ name, origin: option.origin, sentence }]
  })
}
