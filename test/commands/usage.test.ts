// Options without effect: a flag is a usage error, a variable is reported and ignored.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { COMMANDS } from '../../src/commands/commands.ts'
import { OPTIONS, type OptionName, type OptionRow } from '../../src/config.ts'
import {
  ineffectiveOptions,
  parseCondition,
  type Origin,
  type WrittenOption,
} from '../../src/option-conditions.ts'
import { pulse } from '../e2e/command.ts'
import { withDirectory } from '../state-directory.ts'

const NAMES = Object.keys(OPTIONS) as OptionName[]
const rowOf = (name: OptionName): OptionRow<unknown> => OPTIONS[name]

/** All options of a command at their defaults, with some as a flag. */
function writtenFor(
  options: readonly OptionName[],
  given: Readonly<Partial<Record<OptionName, string>>>,
  origin: Origin = 'flag',
): Partial<Record<OptionName, WrittenOption>> {
  return Object.fromEntries(
    options.map((name): [OptionName, WrittenOption] => {
      const place = OPTIONS[name].flag
      const text = given[name]
      return text === undefined
        ? [name, { text: OPTIONS[name].default, origin: 'default', place }]
        : [name, { text, origin, place }]
    }),
  )
}

/** A value of an option that is not its default. */
const otherValue = (name: OptionName): string =>
  ({
    ...{ registry: 'http://registry', saslTokenUrl: 'https://login' },
    ...{ port: '1', top: '3', seed: '7', k: '4', watch: '5' },
    ...{ features: 'sessions', speed: '60', rate: '5', keepRejected: '1', limit: '1' },
    ...{ snapshotInterval: '9s', cutover: '2026-01-01T00:00:00Z' },
  })[name as string] ??
  rowOf(name).choices?.find((choice) => choice !== OPTIONS[name].default) ??
  (rowOf(name).value === undefined ? 'true' : 'x')

/** The value of a condition's option that meets it. */
const meeting = (condition: string): [OptionName, string] => {
  const { option, values } = parseCondition(condition)
  return [option, values?.[0] ?? otherValue(option)]
}

describe('conditions of the option table', () => {
  const conditions = NAMES.flatMap((name) => [
    ...(rowOf(name).needs ?? []).map((condition) => ({ name, condition, kind: 'needs' })),
    ...(rowOf(name).excludes ?? []).map((condition) => ({ name, condition, kind: 'excludes' })),
  ])

  for (const { name, condition, kind } of conditions) {
    test(`${OPTIONS[name].flag} ${kind} ${condition}`, () => {
      const [other, value] = meeting(condition)
      const both = COMMANDS.filter(
        ({ options }) => options.includes(name) && options.includes(other),
      )
      assert.ok(both.length > 0, 'a command takes both')
      for (const { options } of both) {
        const needs = Object.fromEntries((rowOf(name).needs ?? []).map(meeting))
        const alone = { ...(kind === 'needs' ? {} : needs), [name]: otherValue(name) }
        const together = { ...needs, ...alone, [other]: value }
        const [without, ok] = kind === 'needs' ? [alone, together] : [together, alone]
        const found = ineffectiveOptions(writtenFor(options, without))
        assert.ok(
          found.some((one) => one.name === name && one.sentence.includes(condition.split(' ')[0])),
          JSON.stringify(found),
        )
        const rest = ineffectiveOptions(writtenFor(options, ok)).map((one) => one.name)
        assert.ok(!rest.includes(name), JSON.stringify(rest))
      }
    })
  }

  test('are met where a command does not take the option needed', () => {
    const top = COMMANDS.find(({ name }) => name === 'top')
    assert.deepEqual(ineffectiveOptions(writtenFor(top?.options ?? [], { top: '5' })), [])
  })

  test('a variable at the default asks for nothing', () => {
    const replay = COMMANDS.find(({ name }) => name === 'replay')?.options ?? []
    assert.deepEqual(ineffectiveOptions(writtenFor(replay, { port: '8480' }, 'variable')), [])
    assert.equal(ineffectiveOptions(writtenFor(replay, { port: '8480' }, 'flag')).length, 1)
  })
})

describe('on the command line', () => {
  const usage = async (sentence: string, ...argv: string[]): Promise<void> => {
    const { code, stdout, stderr } = await pulse(argv)
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `${sentence}\n` })
  }

  test('a flag without effect is a usage error that names both options', async () => {
    await usage('xdr-pulse: --csv has no effect without --export', 'report', '--csv')
    await usage(
      'xdr-pulse: --rate has no effect with --speed',
      ...['produce', 'a.parquet', '--topic', 'xdr', '--rate', '5', '--speed', '60'],
    )
    await usage(
      'xdr-pulse: --schema has no effect with --format json',
      ...['run', '--topic', 'xdr', '--format', 'json', '--schema', 'a.avsc'],
    )
  })

  test('a flag of another command is unknown', async () => {
    const { code, stderr } = await pulse(['replay', 'a.parquet', '--topic', 'xdr'])
    assert.equal(code, 2)
    assert.match(stderr, /unknown option '--topic'/)
  })

  test('a missing needed option is named', () =>
    usage('xdr-pulse: produce needs --topic NAMES', 'produce', 'a.parquet'))

  test('a variable without effect is reported, and has none', () =>
    withDirectory(async (directory) => {
      const env = { XDR_PULSE_SPEED: '60', XDR_PULSE_RATE: '5' }
      const argv = ['produce', join(directory, 'none'), '--topic', 'xdr']
      const { code, stderr } = await pulse(argv, { env })
      assert.equal(code, 1)
      assert.match(stderr, /^XDR_PULSE_RATE has no effect with XDR_PULSE_SPEED=60\n.*no such file/)
    }))
})
