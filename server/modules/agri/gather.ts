// Rules look synchronously; pages read through the desk, which may be far away. This fetches what the rules would look at
// for some batches and lets the same functions answer, so that a page never promises what the act would refuse.

import type { Look } from '../../kernel/acts.ts'
import type { Dataset, Rec, RecOf } from '../../kernel/dataset.ts'
import type { Desk, ListQuery } from '../../kernel/desk.ts'
import {
  bans,
  type batches,
  batchPlots,
  certificates,
  farmRecords,
  harvests,
  inspections,
  intervals,
  pesticides,
} from './dataset.ts'

type Batch = RecOf<typeof batches>

export async function gather(desk: Desk, about: Batch[]): Promise<Look> {
  const kept = new Map<string, Map<string, Rec<any>>>()
  const keep = (records: Rec<any>[]) => {
    for (const record of records) {
      const all = kept.get(record.dataset) ?? new Map<string, Rec<any>>()
      all.set(record.id, record)
      kept.set(record.dataset, all)
    }
  }
  keep(about)
  const batch = about.map((each) => each.id)
  if (batch.length > 0) {
    const found = await Promise.all([
      everything(desk, batchPlots, { batch }),
      everything(desk, farmRecords, { batch }),
      everything(desk, harvests, { batch }),
      everything(desk, inspections, { batch }),
      everything(desk, certificates, { batch }),
    ])
    for (const records of found) keep(records)
    const plot = [
      ...about.map((each) => each.fields.plot),
      ...found[0].map((each) => each.fields['plot'] as string),
    ]
    keep(await everything(desk, farmRecords, { plot: [...new Set(plot)], kind: 'pesticide' }))
    const used = [...(kept.get(farmRecords.name)?.values() ?? [])].map(
      (each) => each.fields.pesticide as string | undefined,
    )
    const pesticide = [...new Set(used.filter((each) => each !== undefined))]
    if (pesticide.length > 0) {
      const drugs = await Promise.all(pesticide.map((id) => desk.read(pesticides, id)))
      keep(drugs.filter((each) => each !== undefined))
      keep(await everything(desk, intervals, { pesticide }))
      if (desk.mayRead(bans)) keep(await everything(desk, bans, {}))
    }
  }
  return {
    read: (dataset: Dataset<any> | string, id: string | undefined) =>
      id ? kept.get(nameOf(dataset))?.get(id) : undefined,
    find: (dataset: Dataset<any> | string, where: Record<string, unknown>, limit = 1000) =>
      [...(kept.get(nameOf(dataset))?.values() ?? [])]
        .filter((each) => Object.entries(where).every(([field, value]) => each.fields[field] === value))
        .slice(0, limit),
  } as Look
}

/** Every page of a list; a batch has dozens of records, a home page a few thousand. */
async function everything(
  desk: Desk,
  dataset: Dataset<any>,
  filter: ListQuery['filter'],
): Promise<Rec<any>[]> {
  const found: Rec<any>[] = []
  let cursor: string | undefined
  do {
    const page = await desk.list(dataset, { filter, limit: 1000, ...(cursor && { cursor }) })
    found.push(...page.records)
    cursor = page.next
  } while (cursor)
  return found
}

const nameOf = (dataset: Dataset<any> | string) => (typeof dataset === 'string' ? dataset : dataset.name)
