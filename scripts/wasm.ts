// Assembles the WebAssembly of src (npm run wasm). Its bytes are committed: no install needs a compiler.
import { readFileSync, writeFileSync } from 'node:fs'
import loadWabt from 'wabt'

/** The text of the module that unpacks blocks of LZ4. */
export const LZ4_TEXT = new URL('../src/kafka/unpack/lz4-block.wat', import.meta.url)
/** Its bytes, as a source file. */
export const LZ4_CODE_FILE = new URL('../src/kafka/unpack/lz4-code.ts', import.meta.url)

/** The source file of the assembled module. */
export async function lz4CodeText(): Promise<string> {
  const wabt = await loadWabt()
  const parsed = wabt.parseWat('lz4-block.wat', readFileSync(LZ4_TEXT, 'utf8'), { simd: true })
  const { buffer } = parsed.toBinary({})
  parsed.destroy()
  const text = Buffer.from(buffer).toString('base64')
  const lines = (text.match(/.{1,90}/g) ?? []).map((line) => `  '${line}'`)
  return [
    '// Generated from lz4-block.wat by `npm run wasm`.',
    '',
    '/** The module, in base64. */',
    'export const LZ4_CODE =',
    `${lines.join(' +\n')}\n`,
  ].join('\n')
}

if (import.meta.main) writeFileSync(LZ4_CODE_FILE, await lz4CodeText())
