// Saving a file that the page made: nothing leaves the machine.

const KEPT_MS = 60_000

/**
 * @param {string} name of the file
 * @param {Blob} content
 */
export function save(name, content) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // Who is asked where to save it, or has a slow disk, needs a while.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS)
}
