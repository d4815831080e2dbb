// Generated files that benches read: made once, kept under bench/out.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeSample } from '../src/generate/write.ts'

/** Where benches keep what they make; git does not. */
export const OUT: string = join(import.meta.dirname, 'out')

/** About what real files have wrong with them. */
const DIRT = 0.005

/** The path of a file of this size. */
export async function sampleFile(rows: number, subscribers: number): Promise<string> {
  mkdirSync(OUT, { recursive: true })
  const path = join(OUT, `sample-${rows}-${subscribers}.parquet`)
  if (!existsSync(path)) {
    await writeSample({ rows, subscribers, days: 30, seed: 1, dirt: DIRT }, path)
  }
  return path
}

/** A new directory for states, removed when `work` ends. */
export async function withStates<T>(work: (directory: string) => Promise<T>): Promise<T> {
  mkdirSync(OUT, { recursive: true })
  const directory = mkdtempSync(join(OUT, 'states-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
