// Compares files with what was opened, where no commit depends on it.
import { PulseError } from '../../errors.ts'
import { changeOf } from '../../record/file-stamp.ts'
import type { ParquetFile } from '../files.ts'
import { stampOf } from './fingerprint.ts'

/**
 * Requires that files are as they were opened.
 *
 * @param effect what was done with them so far, for the error
 * @throws PulseError `input-invalid` when a file has changed
 */
export function requireUnchanged(files: readonly ParquetFile[], effect: string): void {
  for (const { path, stamp } of files) {
    const change = changeOf(stamp, stampOf(path))
    if (change === null) continue
    throw new PulseError(
      'input-invalid',
      `${path}: the file ${change} while it was read; ${effect}; expected a file that nobody ` +
        'writes to: run the command again',
    )
  }
}
