/** One line of printable characters, at most 200: text in an event may quote what a stranger sent. */
export function oneLine(text: unknown): string {
  return String(text)
    .slice(0, 200)
    .replaceAll(/[^\x20-\x7e]/g, '?')
}
