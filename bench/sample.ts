// The generated files of the benches: written once, kept in bench/out.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeSample } from '../src/generate/write.ts'

/** Output directory of all benches; git ignores it. */
export const OUT: string = join(import.meta.dirname, 'out')

/** About the share of faulty rows in real files. */
const DIRT = 0.005

/** The path of a sample of this size; writes it when it does not exist. */
export async function sampleFile(rows: number, subscribers: number): Promise<string> {
  mkdirSync(OUT, { recursive: true })
  const path = join(OUT, `sample-${rows}-${subscribers}.parquet`)
  if (!existsSync(path)) {
    await writeSample({ rows, subscribers, days: 30, seed: 1, dirt: DIRT }, path)
  }
  return path
}

/** Runs `work` with a new directory for states, and removes the directory. */
export async function withStates<T>(work: (directory: string) => Promise<T>): Promise<T> {
  mkdirSync(OUT, { recursive: true })
  const directory = mkdtempSync(join(OUT, 'states-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
