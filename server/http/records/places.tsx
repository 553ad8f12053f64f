import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { MapView } from '../../../web/ui/map.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { labelOf } from '../../kernel/dataset.ts'
import { refuse } from '../../kernel/refusal.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { readQuery, sameList } from '../query.ts'
import { datasetFrom, placeOfDataset } from './paths.ts'
import { readerFor, stateField, valueText } from './show.tsx'

/** A map layer: the same list as GeoJSON for the part of the map in view. */
export async function placesOf(c: Context<Env>) {
  const { desk, t, lang } = c.var
  const spec = datasetFrom(c)
  if (!spec.place)
    refuse(
      { zh: `「${spec.title.zh}」没有位置字段`, en: `${spec.title.en} has no place field.` },
      { kind: 'missing' },
    )
  const query = readQuery(spec, new URL(c.req.url).searchParams, desk.registry)
  const { records, next } = await desk.list(spec.name, { limit: 1000, ...query })
  const reader = await readerFor(
    desk,
    { t, lang },
    spec,
    records.map((each) => each.fields),
  )
  const state = stateField(spec)
  const level = ['level', 'grade'].find((name) => spec.fields[name]?.kind === 'choice')
  const features = records.flatMap((record) => {
    const geometry = record.fields[spec.place!]
    if (!geometry) return []
    const properties = {
      title: labelOf(spec, record.fields),
      path: `/d/${spec.name}/${record.id}`,
      ...(state && { note: valueText(reader, spec.fields[state]!, record.fields[state]) }),
      ...(level &&
        ['blue', 'yellow', 'orange', 'red'].includes(String(record.fields[level])) && {
          level: record.fields[level],
        }),
    }
    return [{ type: 'Feature', id: record.id, geometry, properties }]
  })
  return c.body(JSON.stringify({ type: 'FeatureCollection', features, ...(next && { more: true }) }), 200, {
    'content-type': 'application/geo+json; charset=utf-8',
    'cache-control': 'no-store',
  })
}

/** The list as a map: the same filter, the list beside it. */
export async function mapOf(c: Context<Env>) {
  const { t, desk } = c.var
  const spec = datasetFrom(c)
  if (!spec.place)
    refuse(
      { zh: `「${spec.title.zh}」没有位置字段`, en: `${spec.title.en} has no place field.` },
      { kind: 'missing' },
    )
  const url = new URL(c.req.url)
  const { n } = await desk.count(spec.name, readQuery(spec, url.searchParams, desk.registry))
  const title = t(spec.title)
  return page(
    c,
    {
      title: t({ zh: '地图', en: 'Map' }),
      here: placeOfDataset(c, spec.name),
      crumbs: [{ title, path: sameList(url, `/d/${spec.name}`) }],
      needs: ['map'],
      wide: true,
    },
    <>
      <PageHead title={title}>
        <Button
          title={t({ zh: '看列表', en: 'As a list' })}
          path={sameList(url, `/d/${spec.name}`)}
          icon="list"
        />
      </PageHead>
      <MapView
        t={t}
        title={title}
        size="page"
        list
        tools
        layers={[
          {
            name: spec.name,
            title,
            path: sameList(url, `/d/${spec.name}/places.geojson`),
            count: n,
            on: true,
          },
        ]}
      />
    </>,
  )
}
