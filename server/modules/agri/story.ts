// What the county tells anybody who holds the product: product, place, people (the operator, never a person), proofs.
// Pages and, later, EPCIS events (GS1 EPCIS 2.0, JSON-LD) are drawn from this one story.

import type { RecOf } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'
import { entities } from '../base/dataset.ts'
import { batches, certificates, farmRecords, harvests, inspections, plots, products } from './dataset.ts'
import { gather } from './gather.ts'
import { originOf } from './origin.ts'
import { usesOn } from './safety.ts'

export interface OpenStory {
  batch: RecOf<typeof batches>
  product: RecOf<typeof products>
  operator: { name: string; code: string; kind: string }
  origin: string
  plots: { name: string; area: number }[]
  uses: { name: string; on: string; days?: number; earliest?: string }[]
  works: RecOf<typeof farmRecords>[]
  harvests: RecOf<typeof harvests>[]
  inspections: RecOf<typeof inspections>[]
  certificates: RecOf<typeof certificates>[]
}

export async function openStory(desk: Desk, batch: RecOf<typeof batches>): Promise<OpenStory | undefined> {
  const [look, product, operator] = await Promise.all([
    gather(desk, [batch]),
    desk.read(products, batch.fields.product),
    desk.read(entities, batch.fields.entity),
  ])
  if (!product || !operator) return undefined
  const works = look.find(farmRecords, { batch: batch.id })
  const plotIds = [
    ...new Set([
      batch.fields.plot,
      ...look.find('agri.batch-plot', { batch: batch.id }).map((each) => String(each.fields['plot'])),
    ]),
  ]
  const fields = await Promise.all(plotIds.map((id) => desk.read(plots, id)))
  const byDay = <R extends { fields: { on: string } }>(all: R[]) =>
    [...all].sort((a, b) => a.fields.on.localeCompare(b.fields.on))
  return {
    batch,
    product,
    operator: { name: operator.fields.name, code: operator.fields.code, kind: operator.fields.kind },
    origin: originOf(batch.fields.division),
    plots: fields
      .filter((each) => each !== undefined)
      .map((each) => ({ name: each.fields.name, area: each.fields.area })),
    uses: usesOn(look, batch)
      .filter((use) => use.record.fields.batch === batch.id)
      .filter((use, i, all) => all.findIndex((each) => each.on === use.on && each.name === use.name) === i)
      .map((use) => ({ name: use.name, on: use.on, days: use.days, earliest: use.earliest })),
    works: byDay(works),
    harvests: byDay(look.find(harvests, { batch: batch.id })),
    inspections: byDay(look.find(inspections, { batch: batch.id })),
    certificates: [...look.find(certificates, { batch: batch.id })].sort((a, b) =>
      (a.fields.number ?? '').localeCompare(b.fields.number ?? ''),
    ),
  }
}

/** By trace code, or by a certificate's number: the code and two digits. */
export async function findByCode(desk: Desk, code: string): Promise<RecOf<typeof batches> | undefined> {
  const { records } = await desk.list(batches, { filter: { code }, limit: 1 })
  return records[0]
}

/** GS1 Digital Link: the lot is our trace code, and the product behind it must be the one named by the GTIN. */
export async function findByLot(
  desk: Desk,
  gtin: string,
  lot: string,
): Promise<RecOf<typeof batches> | undefined> {
  const batch = await findByCode(desk, lot)
  const product = batch && (await desk.read(products, batch.fields.product))
  return product?.fields.gtin && product.fields.gtin.padStart(14, '0') === gtin.padStart(14, '0')
    ? batch
    : undefined
}
