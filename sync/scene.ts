// The scene of sync's tests and bench: small boxes of every tier in one process, with real stores, real files and real
// HTTP requests that never leave the process.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import type { Actor } from '../server/kernel/access.ts'
import type { ActRequest, Receipt } from '../server/kernel/acts.ts'
import { type Dataset, dataset } from '../server/kernel/dataset.ts'
import {
  choice,
  date,
  decimal,
  division,
  files,
  idNumber,
  phone,
  ref,
  text,
} from '../server/kernel/fields.ts'
import { newId } from '../server/kernel/ids.ts'
import type { Part } from '../server/kernel/part.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { syncRoutes } from './doors.ts'
import { type Exchange, type ExchangeOptions, openExchange } from './exchange.ts'
import { addPeer, ownCard, type PeerAsk } from './peers.ts'

export const entities = dataset('base.entity', {
  title: { zh: '经营主体', en: 'Operator' },
  fields: { name: text({ zh: '名称', en: 'Name' }).key(), town: division({ zh: '所在地', en: 'Division' }) },
  keeper: 'county',
})

export const plots = dataset('agri.plot', {
  title: { zh: '地块', en: 'Plot' },
  fields: {
    code: text({ zh: '地块编号', en: 'Code' }).key(),
    crop: choice(
      { zh: '作物', en: 'Crop' },
      { reed: { zh: '芦笋', en: 'Reed shoots' }, rice: { zh: '水稻', en: 'Rice' } },
    ),
    area: decimal({ zh: '面积', en: 'Area' }).unit('亩', 'mu').min(0),
    owner: ref('base.entity', { zh: '经营主体', en: 'Operator' }).optional(),
    phone: phone({ zh: '联系电话', en: 'Phone' }).sensitive('mask').optional(),
    holder: idNumber({ zh: '承包人身份证号', en: 'Holder ID' }).sensitive('hide').optional(),
    note: text({ zh: '备注', en: 'Note' }).optional(),
    photos: files({ zh: '照片', en: 'Photos' }).optional(),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'county',
})

export const harvests = dataset('agri.harvest', {
  title: { zh: '采收', en: 'Harvest' },
  fields: {
    plot: ref('agri.plot', { zh: '地块', en: 'Plot' }),
    kilos: decimal({ zh: '数量', en: 'Quantity' }).unit('公斤', 'kg').min(0),
    day: date({ zh: '采收日期', en: 'Day' }),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'township',
  append: true,
})

export const products = dataset('agri.product', {
  title: { zh: '农产品', en: 'Product' },
  fields: { name: text({ zh: '名称', en: 'Name' }).key() },
  keeper: 'prefecture',
  reach: 'below',
})

export const drawer = dataset('office.drawer', {
  title: { zh: '抽屉', en: 'Drawer' },
  fields: { what: text({ zh: '内容', en: 'What' }).key() },
  keeper: 'county',
  local: true,
})

export const agriculture = (
  datasets: Dataset<any>[] = [entities, plots, harvests, products, drawer],
): Part => ({
  name: 'agri',
  title: { zh: '农业', en: 'Agriculture' },
  datasets,
  codes: [
    {
      name: 'division',
      title: { zh: '区划', en: 'Divisions' },
      codes: {
        '43': { zh: '湖南省', en: 'Hunan' },
        '4309': { zh: '益阳市', en: 'Yiyang' },
        '430981': { zh: '沅江市', en: 'Yuanjiang' },
        '430981107': { zh: '南嘴镇', en: 'Nanzui' },
        '430981114': { zh: '草尾镇', en: 'Caowei' },
        '430921': { zh: '南县', en: 'Nanxian' },
      },
    },
  ],
  grants: [{ role: 'clerk', read: ['*'], act: ['*'], may: ['sync'] }],
})

export interface Box {
  store: Store
  exchange: Exchange
  data: string
  clerk: Actor
  /** How others call it, in this process. */
  fetch(request: Request): Promise<Response>
  act(name: string, record: string, fields?: Record<string, unknown>, more?: Partial<ActRequest>): Receipt
  register(code: string, fields?: Record<string, unknown>): string
  close(): void
}

export interface BoxAsk {
  division: string
  name: string
  node?: string
  data?: string
  parts?: Part[]
  limits?: ExchangeOptions['limits']
  readings?: ExchangeOptions['readings']
}

/** Boxes reachable by `http://{node id}`. */
const town = new Map<string, Box>()

export function openBox(ask: BoxAsk): Box {
  const data = ask.data ?? mkdtempSync(join(tmpdir(), 'xianhe-sync-'))
  mkdirSync(data, { recursive: true })
  const store = new Store({
    file: join(data, 'core.db'),
    registry: new Registry(ask.parts ?? [agriculture()]),
    migrate: (db) => migrate(db, core),
    node: { division: ask.division, name: ask.name, id: ask.node },
  })
  const exchange = openExchange({
    store,
    data,
    limits: ask.limits,
    readings: ask.readings,
    onFault: (error) => {
      throw error
    },
    fetch: async (request) => {
      const host = new URL(request.url).hostname
      const box = town.get(host)
      if (!box) throw new Error(`${host} does not answer`)
      return box.fetch(request)
    },
  })
  const app = new Hono().route('/sync/v1', syncRoutes(exchange))
  const clerk: Actor = {
    id: 'liujianguo',
    name: '刘建国',
    roles: ['clerk'],
    division: ask.division,
    lang: 'zh',
  }
  const act: Box['act'] = (name, record, fields, more) =>
    store.act(clerk, { id: newId(), name, record, fields, ...more })
  return {
    store,
    exchange,
    data,
    clerk,
    fetch: async (request) => app.fetch(request),
    act,
    register(code, fields = {}) {
      const id = newId()
      const receipt = act('agri.plot.created', id, {
        code,
        crop: 'reed',
        area: 12.5,
        town: ask.division.length >= 9 ? ask.division : '430981114',
        ...fields,
      })
      if (receipt.outcome !== 'accepted') throw new Error(`${code}: ${receipt.message?.en}`)
      return id
    },
    close() {
      plugOut(this)
      store.close()
    },
  }
}

/** Both register the other's card. Reachable ones call each other; `wire: false` leaves it to sticks. */
export function join2(
  lower: Box,
  upper: Box,
  how: { wire?: boolean; policy?: PeerAsk['policy']; down?: PeerAsk['policy'] } = {},
) {
  const address = (box: Box) => (how.wire === false ? undefined : `http://${box.store.node.id}`)
  const card = (box: Box) => ownCard(box.store, box.exchange.seals.publicKeys, address(box))
  const above = addPeer(lower.store, { card: card(upper), policy: how.policy })
  const below = addPeer(upper.store, { card: card(lower), policy: how.down })
  addPeerToken(lower, upper, below.secret)
  addPeerToken(upper, lower, above.secret)
  if (how.wire !== false) for (const box of [lower, upper]) plugIn(box)
  return { above: above.peer, below: below.peer, secretForUpper: above.secret, secretForLower: below.secret }
}

export const plugIn = (box: Box) => town.set(box.store.node.id, box)
export const plugOut = (box: Box) => town.delete(box.store.node.id)

function addPeerToken(at: Box, peer: Box, token: string) {
  at.store.db.query('update peer set token = ? where node = ?').run(token, peer.store.node.id)
}

/** What the records say, without what is only this box's: to compare two ends. */
export function recordsOf(box: Box, dataset?: string): Record<string, unknown> {
  const rows = box.store.db
    .query(
      `select id, dataset, division, body, withdrawn from record where dataset <> 'kernel.question' ${dataset ? 'and dataset = ?' : ''} order by id`,
    )
    .all(...(dataset ? [dataset] : [])) as { id: string; body: string }[]
  return Object.fromEntries(rows.map(({ id, body, ...row }) => [id, { ...row, fields: JSON.parse(body) }]))
}

export const openQuestions = (box: Box) => box.store.look.find('kernel.question', { state: 'open' })

/** A directory for a stick, gone with the test. */
export function newStick(): string {
  return mkdtempSync(join(tmpdir(), 'xianhe-stick-'))
}

/** The boxes and directories of one test file: `clear` after each test closes and removes them. */
export function stage() {
  const boxes = new Set<Box>()
  const directories: string[] = []
  return {
    open(ask: Parameters<typeof openBox>[0]): Box {
      const box = openBox(ask)
      boxes.add(box)
      return box
    },
    stick(): string {
      const directory = newStick()
      directories.push(directory)
      return directory
    },
    removeLater: (directory: string) => void directories.push(directory),
    /** A test has closed it by itself. */
    leave: (box: Box) => void boxes.delete(box),
    clear() {
      for (const box of boxes) {
        box.close()
        away(box.data)
      }
      away(...directories)
      boxes.clear()
      directories.length = 0
    },
  }
}

export const bytesOf = (file: string) => new Uint8Array(readFileSync(file))
export const away = (...paths: string[]) => {
  for (const path of paths) rmSync(path, { recursive: true, force: true })
}
