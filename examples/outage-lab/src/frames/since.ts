type Numbers = { readonly [name: string]: number | Numbers }

/** What was added to counters of any depth since an earlier look: `{ a: 5 }` since `{ a: 3 }` is `{ a: 2 }`. */
export function since<T extends object>(before: T | undefined, now: T): T {
  const entries = Object.entries(now as Numbers).map(([name, value]) => {
    const was = (before as Numbers | undefined)?.[name]
    if (typeof value === 'number') return [name, value - ((was as number | undefined) ?? 0)]
    return [name, since(was as Numbers | undefined, value)]
  })
  return Object.fromEntries(entries) as T
}
