// `xianhe land` as somebody types it: what it says, how it ends, and what the doctor makes of it.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { creditCode } from '../seed/sample/names.ts'
import { newId } from '../server/kernel/ids.ts'
import { modules } from '../server/modules/roll-call.ts'
import { carry } from '../sync/land/scene.ts'
import { type Box, join2, openBox } from '../sync/scene.ts'

setDefaultTimeout(120_000)

const scratch = mkdtempSync(join(tmpdir(), 'xianhe-landings-'))
const lake = join(scratch, 'lake')
let county: Box
let prefecture: Box
beforeAll(async () => {
  county = openBox({ division: '430981', name: '沅江市', parts: modules, data: join(scratch, 'county') })
  prefecture = openBox({
    division: '4309',
    name: '益阳市',
    parts: modules,
    data: join(scratch, 'prefecture'),
  })
  join2(county, prefecture, { wire: false })
  await send('共华水稻家庭农场')
})
afterAll(() => {
  for (const box of [county, prefecture]) box.close()
  rmSync(scratch, { recursive: true, force: true })
})

let registered = 0
async function send(name: string) {
  const clerk = { ...county.clerk, roles: ['administrator'] }
  const receipt = county.store.act(clerk, {
    id: newId(),
    name: 'base.entity.created',
    record: newId(),
    fields: { code: creditCode('92', ++registered), name, kind: 'family-farm', division: '430981114' },
  })
  expect(receipt).toMatchObject({ outcome: 'accepted' })
  expect((await carry(county, prefecture)).map((each) => each.outcome)).toEqual(['applied'])
}

test('a package lands, the second time there is nothing to do, and the doctor knows', async () => {
  const first = await xianhe('land', '--to', lake, '--json')
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(first.out)).toMatchObject({ to: lake, packages: 1, acts: 1, complete: true })
  expect(existsSync(join(lake, 'base.entity', 'records.parquet'))).toBe(true)
  expect(readFileSync(join(lake, 'README.md'), 'utf8')).toContain('经营主体')
  const again = await xianhe('land', '--to', lake)
  expect(again.out).toContain('本次落下 0 个包')
  expect((await xianhe('doctor')).out).toContain('落库: 收到的都已落下')
  await send('南嘴芦笋合作社')
  expect((await xianhe('doctor')).out).toContain(`落库: 还有 1 个包没有落到 ${lake}`)
})

test('a package that is not there any more is named, the exit status is 1, and naming its file mends it', async () => {
  const kept = prefecture.exchange.post.in
  const name = `${county.store.node.id}-${prefecture.store.node.id}-00000002.xhp`
  renameSync(join(kept, name), join(scratch, name))
  const stopped = await xianhe('land', '--to', lake)
  expect(stopped.code).toBe(1)
  expect(stopped.err).toContain('缺「沅江市」的第 2 号包')
  expect(stopped.err).toContain(name)
  const mended = await xianhe('land', '--to', lake, join(scratch, name), '--json')
  expect(mended.code).toBe(0)
  expect(JSON.parse(mended.out)).toMatchObject({ packages: 1, complete: true })
  renameSync(join(scratch, name), join(kept, name))
})

test('what arrives while it follows lands, and Ctrl-C ends it', async () => {
  const child = Bun.spawn(command('land', '--to', lake, '--follow'), { stdout: 'pipe', stderr: 'inherit' })
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let said = ''
  const hear = async (words: string) => {
    while (!said.includes(words)) {
      const { value, done } = await lines.read()
      if (done) throw new Error(`it ended without saying ${words}: ${said}`)
      said += value
    }
  }
  await hear('Ctrl-C')
  await send('草尾镇蔬菜合作社')
  await hear('本次落下 1 个包')
  child.kill('SIGINT')
  expect(await child.exited).toBe(0)
  expect((await xianhe('doctor')).out).toContain('收到的都已落下')
})

test('two at once in one lake: one waits for the other, and each package is there once', async () => {
  const shared = join(scratch, 'shared')
  const both = await Promise.all([1, 2].map(() => xianhe('land', '--to', shared, '--json')))
  expect(both.map((each) => each.code)).toEqual([0, 0])
  const packages = both.map((each) => JSON.parse(each.out).packages as number)
  expect(packages.sort()).toEqual([0, 3])
})

test('a directory with other things in it, another kind of database, and nothing at all are refused', async () => {
  const strange = await xianhe('land', '--to', scratch)
  expect(strange.code).toBe(1)
  expect(strange.err).toContain('请指定一个空目录')
  const mysql = await xianhe('land', '--to', 'mysql://root@127.0.0.1/x')
  expect(mysql.code).toBe(2)
  expect(mysql.err).toContain('postgres://')
  expect((await xianhe('land')).code).toBe(2)
  const away = await xianhe('land', '--to', 'postgres://xianhe:geheim@127.0.0.1:9/x', '--lang', 'en')
  expect(away.code).toBe(1)
  expect(away.err).toContain('does not answer')
  expect(away.err).not.toContain('geheim')
  expect(away.err.trim().split('\n')).toHaveLength(1)
})

const command = (...words: string[]) => [
  process.execPath,
  resolve(import.meta.dir, '../xianhe.ts'),
  ...words,
  '--data',
  prefecture.data,
]

async function xianhe(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn(command(...words), { stdout: 'pipe', stderr: 'pipe' })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}
