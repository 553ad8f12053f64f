// The scene of landing's tests and bench: boxes of sync/scene.ts, and a place to land in, read back with other eyes
// than those that wrote it.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Glob } from 'bun'
import { Registry } from '../../server/kernel/registry.ts'
import { cutPackages } from '../cut.ts'
import { type Received, receivePackage } from '../receive.ts'
import { agriculture, type Box } from '../scene.ts'
import { leaving } from '../slice.ts'
import { literal } from './columns.ts'
import { withDuckdb } from './duckdb.ts'
import { LakeTarget } from './lake.ts'
import { type LandHow, type LandReport, land, type Target } from './land.ts'
import { PostgresTarget } from './postgres.ts'
import { Source, type SourceOptions } from './source.ts'

/** Record id → what stands there. */
export type Standing = Record<
  string,
  {
    dataset: string
    version: number
    division: string
    withdrawn: boolean
    fields: Record<string, unknown>
  }
>

export interface Place {
  open(source: Source): Promise<Target>
  records(): Promise<Standing>
  /** Ids of the acts, sorted, as often as they stand there. */
  acts(): Promise<string[]>
  /** `node seq acts`, sorted. */
  ledger(): Promise<string[]>
  /** The fields that lines of the diary say about a record, oldest first. */
  said(dataset: string, record: string): Promise<(Record<string, unknown> | null)[]>
}

export const sourceOf = (box: Box, more: Partial<SourceOptions> = {}): Source =>
  new Source({
    core: join(box.data, 'core.db'),
    packages: box.exchange.post.in,
    registry: new Registry([agriculture()]),
    ...more,
  })

/** One land from beginning to end, as the verb does it. */
export async function landAt(
  place: Place,
  box: Box,
  how: LandHow & { source?: Partial<SourceOptions> } = {},
): Promise<LandReport> {
  const source = sourceOf(box, how.source)
  try {
    const target = await place.open(source)
    try {
      return await land(source, target, how)
    } finally {
      await target.close()
    }
  } finally {
    source.close()
  }
}

/** Everything that waits, cut and received by hand. */
export async function carry(from: Box, to: Box): Promise<Received[]> {
  const received: Received[] = []
  for (const each of await cutPackages(from.exchange, to.store.node.id))
    received.push(await receivePackage(to.exchange, each.path, 'hand'))
  return received
}

/** What a box's records say, as they may land. */
export function standingAt(box: Box, personal: 'mask' | 'whole' = 'mask'): Standing {
  const rows = box.store.db
    .query('select id, dataset, division, version, body, withdrawn from record')
    .all() as {
    id: string
    dataset: string
    division: string
    version: number
    body: string
    withdrawn: number
  }[]
  const specOf = (name: string) => box.store.registry.datasets.get(name)?.spec ?? null
  return Object.fromEntries(
    rows
      .filter((row) => !specOf(row.dataset)!.local)
      .map(({ id, dataset, division, version, body, withdrawn }) => [
        id,
        {
          dataset,
          version,
          division,
          withdrawn: withdrawn === 1,
          fields: leaving(specOf(dataset)!, JSON.parse(body), personal, specOf).fields,
        },
      ]),
  )
}

export function postgresPlace(url: string): Place & { ask<T>(sql: string): Promise<T[]> } {
  const ask = async <T>(text: string): Promise<T[]> => {
    const sql = new Bun.SQL(url, { max: 1 })
    try {
      return [...(await sql.unsafe(text))] as T[]
    } finally {
      await sql.close()
    }
  }
  return {
    ask,
    open: (source) =>
      PostgresTarget.open(url, source, join(tmpdir(), `xianhe-land-${process.pid}-${Math.random()}`)),
    async records() {
      const standing: Standing = {}
      for (const { dataset, table_name } of await ask<{ dataset: string; table_name: string }>(
        'select dataset, table_name from xianhe_dataset',
      )) {
        const columns = await ask<Written>(
          `select name, field, cell, former from xianhe_column where dataset = ${literal(dataset)}`,
        )
        for (const { row } of await ask<{ row: Record<string, unknown> }>(
          `select to_jsonb(t) as row from "${table_name}" t`,
        ))
          standing[row.id as string] = readBack(dataset, row, columns)
      }
      return standing
    },
    acts: async () =>
      (await ask<{ id: string }>('select id from xianhe_act order by id')).map((row) => row.id),
    ledger: async () =>
      (
        await ask<{ node: string; seq: string; acts: string }>(
          'select node, seq, acts from xianhe_landed order by node, seq',
        )
      ).map((row) => `${row.node} ${row.seq} ${row.acts}`),
    said: async (_, record) =>
      (
        await ask<{ fields: Record<string, unknown> | null }>(
          `select c.fields from xianhe_change c join xianhe_act a on a.id = c.act where c.record = ${literal(record)} order by a.id`,
        )
      ).map((row) => row.fields),
  }
}

export function lakePlace(directory = mkdtempSync(join(tmpdir(), 'xianhe-lake-'))): Place & {
  directory: string
  ask<T>(sql: string): Promise<T[]>
} {
  const ask = <T>(text: string): Promise<T[]> =>
    withDuckdb(async (connection) => {
      return (await connection.runAndReadAll(text)).getRowObjectsJson() as T[]
    })
  const there = (files: string) => !new Glob(files).scanSync({ cwd: directory }).next().done
  return {
    ask,
    directory,
    open: (source) => LakeTarget.open(directory, source),
    async records() {
      const catalogue = await Bun.file(join(directory, 'catalogue.json')).json()
      const standing: Standing = {}
      for (const table of catalogue.tables as { dataset: string; records: string; columns: Written[] }[]) {
        for (const { row } of await ask<{ row: string }>(
          `select to_json(t) as row from read_parquet(${literal(join(directory, table.records))}) t`,
        )) {
          const read = JSON.parse(row) as Record<string, unknown>
          standing[read.id as string] = readBack(table.dataset, read, table.columns)
        }
      }
      return standing
    },
    acts: async () => {
      if (!there('acts/node=*/seq=*.parquet')) return []
      return (
        await ask<{ id: string }>(
          `select id from read_parquet(${literal(join(directory, 'acts/node=*/seq=*.parquet'))}) order by id`,
        )
      ).map((row) => row.id)
    },
    ledger: async () => {
      if (!there('landed/node=*/seq=*.json')) return []
      return (
        await ask<{ node: string; seq: string; acts: string }>(
          `select node, seq, acts from read_json(${literal(join(directory, 'landed/node=*/seq=*.json'))}) order by node, seq`,
        )
      ).map((row) => `${row.node} ${row.seq} ${row.acts}`)
    },
    said: async (dataset, record) =>
      (
        await ask<{ fields: string | null }>(
          `select fields from read_parquet(${literal(join(directory, dataset, 'node=*/seq=*.parquet'))}) where record = ${literal(record)} order by act`,
        )
      ).map((row) => (row.fields === null ? null : JSON.parse(row.fields))),
  }
}

interface Written {
  name: string
  field: string
  cell: string
  former?: boolean
}

function readBack(dataset: string, row: Record<string, unknown>, columns: Written[]): Standing[string] {
  const fields: Record<string, unknown> = { ...(row.more as Record<string, unknown> | null) }
  for (const { name, field, cell, former } of columns) {
    const value = row[name]
    if (former || value === null || value === undefined) continue
    fields[field] = cell === 'time' ? new Date(value as string).toISOString() : value
  }
  // A field called division is the record's own.
  if (dataset === 'kernel.question' || dataset.startsWith('own.')) fields.division ??= row.division
  return {
    dataset,
    version: Number(row.version),
    division: row.division as string,
    withdrawn: row.withdrawn as boolean,
    fields,
  }
}
