// The JSON API, /api/v1, as docs/contracts.md promises it. The same desk as the pages, so the same scope and masks.

import type { Context, Hono } from 'hono'
import type { Act, ActRequest, Receipt } from '../kernel/acts.ts'
import type { DatasetSpec, Rec } from '../kernel/dataset.ts'
import { isId } from '../kernel/ids.ts'
import { Refusal, refuse } from '../kernel/refusal.ts'
import type { Say } from '../kernel/words.ts'
import { readDiary } from './diary.ts'
import { needsPerson } from './doors.ts'
import { schemaOf } from './json-schema.ts'
import type { Env, Module } from './module.ts'
import { openApi } from './openapi.ts'
import { readQuery } from './query.ts'
import type { Services } from './services.ts'

export function apiRoutes(app: Hono<Env>, services: Services, modules: Module[]) {
  app.get('/api/v1/openapi.json', (c) => c.json(openApi(services.version)))
  app.use('/api/v1/*', needsPerson())

  app.post('/api/v1/acts', async (c) => {
    const { requests, shape } = readActs(await c.req.text(), c.req.header('content-type') ?? '')
    const answers: unknown[] = []
    for (const request of requests) answers.push(await decideOne(c, request))
    if (shape === 'lines')
      return c.body(answers.map((each) => `${JSON.stringify(each)}\n`).join(''), 200, {
        'content-type': 'application/x-ndjson; charset=utf-8',
      })
    return c.json(shape === 'one' ? answers[0] : answers)
  })

  app.get('/api/v1/datasets', (c) => {
    const { desk } = c.var
    const readable = [...desk.registry.datasets.values()].filter((each) => desk.mayRead(each))
    return c.json({
      datasets: readable.map(({ spec }) => ({
        name: spec.name,
        version: spec.version,
        title: spec.title,
        ...(spec.about && { about: spec.about }),
        keeper: spec.keeper,
        ...(spec.offline && { offline: true }),
        ...(spec.append && { append: true }),
        ...(spec.closed && { closed: true }),
        ...(spec.catalogue && { catalogue: spec.catalogue }),
        acts: actsOn(c, spec),
        schema: `/api/v1/datasets/${spec.name}`,
      })),
    })
  })

  app.get('/api/v1/datasets/:dataset', (c) => {
    const spec = readable(c)
    return c.body(JSON.stringify(schemaOf(spec, c.var.desk.registry)), 200, {
      'content-type': 'application/schema+json; charset=utf-8',
    })
  })

  app.get('/api/v1/datasets/:dataset/records', async (c) => {
    const spec = readable(c)
    const query = readQuery(spec, new URL(c.req.url).searchParams, c.var.desk.registry)
    const page = await c.var.desk.list(spec.name, query)
    return c.json({
      records: page.records.map((each) => recordJson(spec, each)),
      ...(page.next && { next: page.next }),
    })
  })

  app.get('/api/v1/datasets/:dataset/records/:id', async (c) => {
    const spec = readable(c)
    const record = await c.var.desk.read(spec.name, c.req.param('id'))
    if (!record) throw notThere()
    return c.json(recordJson(spec, record), 200, { etag: `"${record.version}"` })
  })

  app.get('/api/v1/datasets/:dataset/records/:id/history', async (c) => {
    const spec = readable(c)
    const record = await c.var.desk.read(spec.name, c.req.param('id'))
    if (!record) throw notThere()
    return c.json({ acts: (await c.var.desk.history(spec.name, record.id)).map(actJson) })
  })

  app.get('/api/v1/changes', (c) => {
    const after = whole(c, 'after', 0, 0, Number.MAX_SAFE_INTEGER)
    const limit = whole(c, 'limit', 100, 1, 1000)
    const { acts, next, more } = readDiary(services.store, c.var.actor, after, limit)
    return c.json({ acts: acts.map(actJson), next, more })
  })

  app.get('/api/v1/readings', async (c) => {
    const sensor = c.req.query('sensor')
    const metric = c.req.query('metric')
    if (!sensor || !metric)
      refuse(
        { zh: '请给出 sensor 和 metric', en: 'Give sensor and metric.' },
        { field: sensor ? 'metric' : 'sensor' },
      )
    const allowed = await Promise.all(
      modules.map((each) => each.mayReadSensor?.(c.var.desk, sensor) ?? false),
    )
    if (!allowed.includes(true)) throw notThere()
    const to = moment(c, 'to', Date.now())
    const from = moment(c, 'from', to - 86_400_000)
    if (from > to) refuse({ zh: 'from 应早于 to', en: 'from should be before to.' }, { field: 'from' })
    const bucket = bucketOf(c.req.query('bucket'))
    const points = await services.readings.series({ sensor, metric, from, to, ...(bucket && { bucket }) })
    return c.json({
      sensor,
      metric,
      from: iso(from),
      to: iso(to),
      ...(bucket && { bucket }),
      points: points.map((each) => ({ ...each, at: iso(each.at) })),
    })
  })

  app.all('/api/*', () => {
    throw new Refusal(
      {
        zh: '接口里没有这个地址,见 /api/v1/openapi.json',
        en: 'The API has no such address; see /api/v1/openapi.json.',
      },
      { kind: 'missing' },
    )
  })
}

export function recordJson(spec: DatasetSpec, record: Rec) {
  const place = spec.place ? record.fields[spec.place] : undefined
  return {
    id: record.id,
    dataset: record.dataset,
    version: record.version,
    division: record.division,
    ...(place ? { place } : {}),
    fields: record.fields,
    ...(record.withdrawn && { withdrawn: true }),
    ...(record.masked?.length && { masked: record.masked }),
  }
}

export const actJson = (act: Act) => ({
  id: act.id,
  seq: act.seq,
  name: act.name,
  actor: act.actor,
  ...(act.by && { by: act.by }),
  at: act.at,
  origin: act.origin,
  ...(act.cause && { cause: act.cause }),
  ...(act.clock && { clock: act.clock }),
  changes: act.changes,
})

type Shape = 'one' | 'array' | 'lines'

/** One act, an array, or NDJSON; what cannot be read at all is a fault of the whole request. */
function readActs(text: string, type: string): { requests: unknown[]; shape: Shape } {
  const unreadable = (detail: string) =>
    new Refusal({
      zh: `请求内容不是有效的 JSON(${detail}),整批未处理`,
      en: `The body is not valid JSON (${detail}); nothing was done.`,
    })
  const trimmed = text.trim()
  if (trimmed === '') throw unreadable('空 / empty')
  if (!/ndjson|jsonl/.test(type)) {
    try {
      const whole = JSON.parse(trimmed) as unknown
      return Array.isArray(whole) ? { requests: whole, shape: 'array' } : { requests: [whole], shape: 'one' }
    } catch (error) {
      // curl users forget the content type: several objects on lines of their own are NDJSON whatever the header says.
      if (!trimmed.includes('\n') || !trimmed.startsWith('{')) throw unreadable((error as Error).message)
    }
  }
  const requests = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '')
  return {
    shape: 'lines',
    requests: requests.map((line, i) => {
      try {
        return JSON.parse(line) as unknown
      } catch (error) {
        throw unreadable(`第 ${i + 1} 行 / line ${i + 1}: ${(error as Error).message}`)
      }
    }),
  }
}

async function decideOne(c: Context<Env>, given: unknown) {
  const { desk, t } = c.var
  const wrong = shapeFault(given)
  if (wrong)
    return {
      id: (given as { id?: unknown } | null)?.id ?? null,
      outcome: 'refused',
      message: t(wrong.words),
      ...(wrong.field && { field: wrong.field }),
    }
  const { id, name, record, base, fields, division, at, cause, after } = given as ActRequest
  try {
    return receiptJson(
      await desk.act(
        { id, name, record, base, fields, division, at, cause, after },
        { onOverlap: 'question' },
      ),
      t,
    )
  } catch (error) {
    if (error instanceof Refusal)
      return receiptJson(
        { id, outcome: 'refused', message: error.words, field: error.field, all: error.all },
        t,
      )
    throw error
  }
}

export const receiptJson = (receipt: Receipt, t: Say) => ({
  id: receipt.id,
  outcome: receipt.outcome,
  ...(receipt.seq !== undefined && { seq: receipt.seq }),
  ...(receipt.record && { record: receipt.record }),
  ...(receipt.message && { message: t(receipt.message) }),
  ...(receipt.field && { field: receipt.field }),
  ...(receipt.all &&
    receipt.all.length > 1 && {
      errors: receipt.all.map((each) => ({ field: each.field, message: t(each.words) })),
    }),
})

function shapeFault(given: unknown) {
  const words = (zh: string, en: string, field?: string) => ({ words: { zh, en }, field })
  if (!given || typeof given !== 'object' || Array.isArray(given))
    return words('每条操作应为一个 JSON 对象', 'Each act is a JSON object.')
  const act = given as Record<string, unknown>
  if (!isId(act.id)) return words('操作编号 id 应为 UUIDv7(小写)', 'id must be a UUIDv7 in lower case.', 'id')
  if (typeof act.name !== 'string') return words('缺少操作名 name', 'name is missing.', 'name')
  if (act.record !== undefined && !isId(act.record))
    return words('record 应为 UUIDv7(小写)', 'record must be a UUIDv7 in lower case.', 'record')
  if (act.base !== undefined && !(Number.isSafeInteger(act.base) && (act.base as number) >= 0))
    return words('base 应为版本号', 'base must be a version number.', 'base')
  if (
    act.fields !== undefined &&
    (typeof act.fields !== 'object' || act.fields === null || Array.isArray(act.fields))
  )
    return words('fields 应为 字段名 → 值', 'fields must be an object of field → value.', 'fields')
  if (act.at !== undefined && (typeof act.at !== 'string' || Number.isNaN(Date.parse(act.at))))
    return words('at 应为 ISO 8601 时间', 'at must be an ISO 8601 time.', 'at')
  if (act.after !== undefined && !(Array.isArray(act.after) && act.after.every(isId)))
    return words('after 应为操作编号(UUIDv7)的数组', 'after must be an array of act ids (UUIDv7).', 'after')
  for (const name of ['cause', 'division'] as const)
    if (act[name] !== undefined && typeof act[name] !== 'string')
      return words(`${name} 应为文字`, `${name} must be text.`, name)
  return undefined
}

function actsOn(c: Context<Env>, spec: DatasetSpec): string[] {
  const { desk } = c.var
  const generic = spec.closed ? [] : spec.append ? ['created'] : ['created', 'amended', 'withdrawn']
  return [
    ...generic.map((each) => `${spec.name}.${each}`),
    ...desk.registry.verbsOn(spec.name).map((each) => each.name),
  ].filter((name) => desk.may(name))
}

function readable(c: Context<Env>): DatasetSpec {
  const name = c.req.param('dataset') ?? ''
  const found = c.var.desk.registry.datasets.get(name)
  if (!found)
    throw new Refusal(
      { zh: `没有数据集「${name}」`, en: `There is no dataset "${name}".` },
      { kind: 'missing' },
    )
  if (!c.var.desk.mayRead(found))
    throw new Refusal(
      { zh: `您没有查看「${found.spec.title.zh}」的权限`, en: `You may not read ${found.spec.title.en}.` },
      { kind: 'access' },
    )
  return found.spec
}

const notThere = () =>
  new Refusal(
    { zh: '没有这条记录,或者它不在您的辖区', en: 'There is no such record within your area.' },
    { kind: 'missing' },
  )
const iso = (at: number) => new Date(at).toISOString()

function whole(c: Context, name: string, initial: number, least: number, most: number): number {
  const text = c.req.query(name)
  if (text === undefined || text === '') return initial
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least || value > most)
    refuse(
      {
        zh: `${name} 应为 ${least} 到 ${most} 的整数`,
        en: `${name} is a whole number from ${least} to ${most}.`,
      },
      { field: name },
    )
  return value
}

function moment(c: Context, name: string, initial: number): number {
  const text = c.req.query(name)
  if (!text) return initial
  const at = /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(at))
    refuse({ zh: `${name} 应为 ISO 8601 时间`, en: `${name} is an ISO 8601 time.` }, { field: name })
  return at
}

/** `15m`, `1h`, `1d`, or milliseconds. */
function bucketOf(text: string | undefined): number | undefined {
  if (!text || text === 'raw') return undefined
  const [, n, unit] = /^(\d+)(ms|s|m|h|d)?$/.exec(text) ?? []
  const ms = Number(n) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[(unit ?? 'ms') as 'ms']
  if (!n || ms < 1000)
    refuse(
      { zh: 'bucket 写成 5m、1h、1d,最短 1 秒', en: 'bucket reads 5m, 1h or 1d, one second at least.' },
      { field: 'bucket' },
    )
  return ms
}
