import { expect, test } from 'bun:test'
import { killIngest } from './kill-ingest.ts'

// Twenty by default; XIANHE_KILLS=200 for the long run (bun tests/faults/kill-ingest.ts 200 does the same by hand).
const kills = Number(process.env.XIANHE_KILLS ?? 20)

test(
  `ingest killed with -9 ${kills} times loses no acknowledged reading and raises each alert once`,
  async () => {
    const toll = await killIngest(kills, 21_060)
    expect(toll.acknowledged).toBeGreaterThan(kills * 20)
    expect(toll.lost).toBe(0)
    expect(toll.episodes).toBeGreaterThan(0)
    expect(toll.alerts).toBe(toll.episodes)
    expect(toll.cleared).toBe(toll.episodes)
  },
  30_000 + kills * 3_000,
)
