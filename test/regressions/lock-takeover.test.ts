// Two processes could take over the lock of a dead one; an incomplete lock stopped every start.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lockState } from '../../state/lock.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'

/** Fields of a process from its state on (proc(5), field 3 of stat). */
const statOf = (pid: number): string[] =>
  fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
const startOf = (pid: number): string => statOf(pid)[19]
const ownerOf = (pid: number, processStart: string): string =>
  JSON.stringify({ pid, host: hostname(), processStart, command: 'test' })
/** A pid above the maximum of Linux. */
const DEAD = ownerOf(2 ** 22 + 1, '1')

test('a lock that another process has just taken over is not removed', async () => {
  await withDirectory((directory) => {
    const path = join(directory, 'writer.lock')
    const quicker = ownerOf(process.ppid, startOf(process.ppid))
    fs.writeFileSync(path, DEAD)
    const { linkSync } = fs
    let attempts = 0
    // The faster process takes the lock after the slower one has read the dead owner.
    fs.linkSync = (from, to) => {
      if (++attempts === 2) fs.writeFileSync(path, quicker)
      linkSync(from, to)
    }
    syncBuiltinESMExports()
    try {
      assert.throws(() => lockState(directory, 'slower'), { code: 'state-locked' })
    } finally {
      fs.linkSync = linkSync
      syncBuiltinESMExports()
    }
    assert.equal(fs.readFileSync(path, 'utf8'), quicker)
    assert.deepEqual(fs.readdirSync(directory), ['writer.lock'])
  })
})

test('a lock that a power failure left empty is taken over', async () => {
  await withDirectory((directory) => {
    fs.writeFileSync(join(directory, 'writer.lock'), '')
    lockState(directory, 'test').release()
    assert.deepEqual(fs.readdirSync(directory), [])
  })
})

test('the lock of a zombie process is taken over', async () => {
  await withDirectory(async (directory) => {
    // The shell starts a child, then replaces itself by `sleep`, which never waits for the child.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'])
    try {
      const [output] = (await parent.stdout.take(1).toArray()) as [Buffer]
      const pid = Number(output.toString())
      const owner = ownerOf(pid, startOf(pid))
      process.kill(pid, 'SIGKILL')
      await until('a zombie', () => statOf(pid)[0] === 'Z')
      fs.writeFileSync(join(directory, 'writer.lock'), owner)
      lockState(directory, 'test').release()
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
