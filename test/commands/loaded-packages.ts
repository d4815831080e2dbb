// Loaded into a process before its own code: each of its threads writes down what packages it loads.
//   NODE_OPTIONS=--import=…/loaded-packages.ts LOADED_PACKAGES=FILE node src/cli.ts …
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const file = process.env['LOADED_PACKAGES']
if (file !== undefined) {
  const seen = new Set<string>()
  registerHooks({
    load(url, context, nextLoad) {
      const name = /\/node_modules\/((@[^/]+\/)?[^/]+)/.exec(url)?.[1]
      if (name !== undefined && !seen.has(name)) appendFileSync(file, `${name}\n`)
      if (name !== undefined) seen.add(name)
      return nextLoad(url, context)
    },
  })
}
