// What Chromium 109 has beyond ES2022: the first half of what ES2023 brought to arrays.

interface Array<T> {
  findLast<S extends T>(fits: (value: T, index: number, all: T[]) => value is S): S | undefined
  findLast(fits: (value: T, index: number, all: T[]) => unknown): T | undefined
  findLastIndex(fits: (value: T, index: number, all: T[]) => unknown): number
}
interface ReadonlyArray<T> {
  findLast<S extends T>(fits: (value: T, index: number, all: readonly T[]) => value is S): S | undefined
  findLast(fits: (value: T, index: number, all: readonly T[]) => unknown): T | undefined
  findLastIndex(fits: (value: T, index: number, all: readonly T[]) => unknown): number
}
