// How a bench reports: one line a figure, its limit beside it, and a failing exit when a limit is missed.

import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'

let missed = 0

export function quantile(sorted: number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** As `npm run bench` reads it from the file it names: a line of JSON each. */
export interface Figure {
  name: string
  shown: string
  unit: string
  /** «must be ≤ 5»; empty when nothing is asked. */
  limit: string
  missed: boolean
}

/** Prints `name  value unit  (limit …)`; `most` and `least` are the limits. */
export function figure(
  name: string,
  value: number,
  unit: string,
  limit: { most?: number; least?: number } = {},
) {
  const short = value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3)
  const over =
    (limit.most !== undefined && value > limit.most) || (limit.least !== undefined && value < limit.least)
  if (over) missed++
  const said =
    limit.most !== undefined
      ? `must be ≤ ${limit.most}`
      : limit.least !== undefined
        ? `must be ≥ ${limit.least}`
        : ''
  console.log(
    `${over ? 'MISSED ' : '       '}${name.padEnd(58)} ${short.padStart(10)} ${unit.padEnd(8)} ${said}`,
  )
  if (process.env.XIANHE_BENCH_TELLS)
    appendFileSync(
      process.env.XIANHE_BENCH_TELLS,
      `${JSON.stringify({ name, shown: short, unit, limit: said, missed: over } satisfies Figure)}\n`,
    )
}

/** Runs `once` many times and prints p50 and p95 in ms. */
export async function timed(name: string, times: number, once: (i: number) => unknown, mostP95?: number) {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const from = performance.now()
    await once(i)
    took.push(performance.now() - from)
  }
  took.sort((a, b) => a - b)
  figure(`${name}, p50`, quantile(took, 0.5), 'ms')
  figure(`${name}, p95`, quantile(took, 0.95), 'ms', { most: mostP95 })
}

export function machine() {
  console.log(
    `# ${cpus().length} × ${cpus()[0]?.model}, Bun ${Bun.version}, ${new Date().toISOString().slice(0, 10)}`,
  )
}

export const done = () => process.exit(missed > 0 ? 1 : 0)
