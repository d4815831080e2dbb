// Saving a file that the page made: nothing leaves the machine.

/**
 * @param {string} name of the file
 * @param {Blob} content
 */
export function save(name, content) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}
