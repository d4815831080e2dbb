#!/usr/bin/env node
// The entry point: makes files private, and keeps compiled code before anything else is loaded.
//
// In a checkout Node.js strips the types of this file and of its imports at each start; what is
// imported after `keepCompiledCode` is stripped and compiled once.
import { keepCompiledCode } from './compile-cache.ts'

// What this process and its libraries create is for this user only: 0600 and 0700.
process.umask(0o077)
keepCompiledCode()
await import('./main.ts')
