// What a field offers while someone types: records of a dataset, codes of a list, divisions. Words or numbers, Chinese
// down to one character; without words, the newest.

import type { Context } from 'hono'
import { PickOptions } from '../../../web/ui/field.tsx'
import type { Option } from '../../../web/ui/props.ts'
import { keyField, labelOf } from '../../kernel/dataset.ts'
import type { Env } from '../module.ts'
import { codeOptions, divisionOptions } from './options.ts'
import { datasetFrom } from './paths.ts'
import { divisionText } from './show.tsx'

const most = 12

export async function pickRecord(c: Context<Env>) {
  const { desk, t } = c.var
  const spec = datasetFrom(c)
  const q = (c.req.query('q') ?? '').trim()
  const found = await desk.list(spec.name, { ...(q && { q }), limit: most })
  let records = found.records
  const key = keyField(spec)
  // The number as written on a paper is found even before search has read the newest entries.
  if (q && key) {
    const exact = await desk.list(spec.name, { filter: { [key]: q }, limit: 1 })
    records = [...exact.records, ...records.filter((each) => each.id !== exact.records[0]?.id)].slice(0, most)
  }
  return answer(
    c,
    records.map((record) => {
      const label = labelOf(spec, record.fields)
      const code = key ? String(record.fields[key] ?? '') : ''
      const notes = [
        label.includes(code) ? '' : code,
        divisionText(desk.registry, t, record.division),
      ].filter(Boolean)
      return { value: record.id, label, note: notes.join(' · ') }
    }),
  )
}

export function pickCode(c: Context<Env>) {
  const options = codeOptions(c.var.desk.registry, c.req.param('list') ?? '', c.var.t) ?? []
  return answer(c, matching(options, c.req.query('q') ?? ''))
}

export function pickDivision(c: Context<Env>) {
  return answer(
    c,
    matching(divisionOptions(c.var.desk.registry, c.var.actor, c.var.t), c.req.query('q') ?? ''),
  )
}

function matching(options: Option[], q: string): Option[] {
  const words = q.trim().toLowerCase()
  return options
    .filter(
      (each) =>
        !words ||
        each.label.toLowerCase().includes(words) ||
        each.value.startsWith(words) ||
        each.group?.includes(words),
    )
    .slice(0, most)
    .map((each) => ({ ...each, note: [each.group, each.value].filter(Boolean).join(' · ') }))
}

function answer(c: Context<Env>, options: Option[]) {
  if (
    (c.req.header('accept') ?? '').includes('application/json') &&
    !(c.req.header('accept') ?? '').includes('text/html')
  )
    return c.json({ options })
  return c.html(<PickOptions t={c.var.t} options={options} />)
}
