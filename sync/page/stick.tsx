import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from 'hono'
import { page } from '../../server/http/layout.tsx'
import type { App, Env } from '../../server/http/module.ts'
import type { FieldSpec } from '../../server/kernel/fields.ts'
import { Refusal } from '../../server/kernel/refusal.ts'
import { Button } from '../../web/ui/button.tsx'
import { Block } from '../../web/ui/detail.tsx'
import { FieldInput } from '../../web/ui/field.tsx'
import { Empty, ErrorSummary, type Fault, Notice } from '../../web/ui/notice.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import type { Child } from '../../web/ui/props.ts'
import { type PackageOut, pendingFor } from '../cut.ts'
import type { Exchange } from '../exchange.ts'
import { listPeers } from '../peers.ts'
import { packagesIn } from '../receive.ts'
import { importFrom, packageFor, type StickImport } from '../stick.ts'
import { audit, exchangeAt, SyncTabs, sizeText, syncTitle } from './pieces.tsx'

/** U 盘: out to a stick in the box or in the clerk's own PC, and in from either. */
export function stick(app: App) {
  app.get('/sync/stick', (c) => draw(c))

  app.post('/sync/stick/out', (c) =>
    mending(c, async () => {
      const { t } = c.var
      const { peer, to, here } = await texts(c)
      const exchange = exchangeAt(c)
      const made = await packageFor(exchange, peer ?? '', here === undefined ? to : undefined)
      audit(c, 'packages-exported', peer ?? '', to)
      if (made.packages.length === 0)
        return draw(
          c,
          <Notice tone="info" live>
            {t({ zh: '没有要送的内容,对方都已入库', en: 'Nothing to carry: everything is imported there.' })}
          </Notice>,
        )
      if (here !== undefined) return draw(c, <Downloads c={c} packages={made.packages} />)
      return draw(
        c,
        <Notice tone="good" live title={t({ zh: `已写入 ${to}`, en: `Written to ${to}` })}>
          <p>
            {t({
              zh: `${made.copied.length} 个数据包,${made.receipts} 份回执。可以拔下 U 盘了。`,
              en: `${made.copied.length} packages, ${made.receipts} receipts. The stick can be pulled out.`,
            })}
          </p>
        </Notice>,
      )
    }),
  )

  app.post('/sync/stick/in', (c) =>
    mending(c, async () => {
      const { from } = await texts(c)
      audit(c, 'packages-imported', from ?? '')
      return draw(c, <Imported c={c} found={await importFrom(exchangeAt(c), from ?? '')} />)
    }),
  )

  app.post('/sync/stick/upload', (c) =>
    mending(c, async () => {
      const exchange = exchangeAt(c)
      const posted = await c.req.parseBody({ all: true })
      const files = [posted.files]
        .flat()
        .filter((each): each is File => each instanceof File && each.size > 0)
      const directory = mkdtempSync(join(exchange.post.inbox, 'hand-'))
      try {
        for (const file of files)
          await Bun.write(join(directory, file.name.replaceAll(/[^\w.-]/g, '_').slice(-200)), file)
        audit(
          c,
          'packages-imported',
          files
            .map((file) => file.name)
            .join(' ')
            .slice(0, 500),
        )
        return draw(c, <Imported c={c} found={await importFrom(exchange, directory)} uploaded />)
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }),
  )
}

async function mending(c: Context<Env>, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return draw(c, undefined, [{ text: c.var.t(error.words) }])
  }
}

async function draw(c: Context<Env>, notice?: Child, faults: Fault[] = []): Promise<Response> {
  const { t } = c.var
  const exchange = exchangeAt(c)
  const peers = listPeers(exchange.store).filter((peer) => !peer.disabled)
  const chosen = c.req.query('peer') ?? peers[0]?.node
  const sticks = mounted()
  const options = peers.map((peer) => ({
    value: peer.node,
    label: `${peer.name}(${pendingText(c, exchange, peer.node)})`,
  }))
  return page(
    c,
    {
      title: t({ zh: 'U 盘', en: 'Stick' }),
      here: 'sync',
      ...(faults.length > 0 && { status: 422 as const }),
    },
    <>
      <PageHead title={t(syncTitle)} />
      <SyncTabs c={c} />
      <ErrorSummary t={t} faults={faults} />
      {notice}
      <Block id="out" title={t({ zh: '导出到 U 盘', en: 'Export to a stick' })}>
        {peers.length === 0 ? (
          <Empty
            text={t({ zh: '还没有登记对方节点', en: 'No peer is registered' })}
            act={{ title: t({ zh: '登记节点', en: 'Register a peer' }), path: '/sync/peers' }}
          />
        ) : (
          <div class="sync-stick">
            <form method="post" action="/sync/stick/out" class="form">
              <input type="hidden" name="_csrf" value={c.var.csrf} />
              <FieldInput
                t={t}
                prefix="out-"
                name="peer"
                value={chosen}
                spec={{
                  kind: 'choice',
                  label: { zh: '送给', en: 'For' },
                  options: Object.fromEntries(
                    options.map((each) => [each.value, { zh: each.label, en: each.label }]),
                  ),
                }}
              />
              <FieldInput
                t={t}
                prefix="out-"
                name="to"
                value={sticks[0] ?? '/media/usb'}
                spec={directorySpec(sticks)}
              />
              <div class="form-acts">
                <Button
                  title={t({ zh: '写入县盒上的 U 盘', en: 'Write to the stick in the box' })}
                  look="main"
                />
                <Button
                  title={t({ zh: '在本电脑下载', en: 'Download on this PC' })}
                  name="here"
                  value="yes"
                />
              </div>
            </form>
          </div>
        )}
      </Block>
      <Block id="in" title={t({ zh: '从 U 盘导入', en: 'Import from a stick' })}>
        <div class="sync-stick">
          <form method="post" action="/sync/stick/upload" enctype="multipart/form-data" class="form">
            <input type="hidden" name="_csrf" value={c.var.csrf} />
            <div class="field">
              <label for="files">{t({ zh: 'U 盘插在本电脑', en: 'The stick is in this PC' })}</label>
              <input
                type="file"
                id="files"
                name="files"
                multiple
                accept=".xhp,.json"
                class="file-input"
                aria-describedby="files-hint"
              />
              <p class="hint" id="files-hint">
                {t({
                  zh: '数据包(.xhp)和回执(.receipt.json)可一起选,重复的不会再入库',
                  en: 'Packages (.xhp) and receipts (.receipt.json) together; repeated ones change nothing',
                })}
              </p>
            </div>
            <div class="form-acts">
              <Button title={t({ zh: '导入所选文件', en: 'Import the files' })} />
            </div>
          </form>
          <form method="post" action="/sync/stick/in" class="form">
            <input type="hidden" name="_csrf" value={c.var.csrf} />
            <FieldInput
              t={t}
              prefix="in-"
              name="from"
              value={sticks[0] ?? '/media/usb'}
              spec={{
                ...directorySpec(sticks),
                label: { zh: 'U 盘插在县盒上', en: 'The stick is in the box' },
              }}
            />
            <div class="form-acts">
              <Button title={t({ zh: '从这个目录导入', en: 'Import from this directory' })} />
            </div>
          </form>
        </div>
      </Block>
    </>,
  )
}

const directorySpec = (sticks: string[]): FieldSpec => ({
  kind: 'text',
  label: { zh: '县盒上的目录', en: 'Directory on the box' },
  maxLength: 400,
  hint:
    sticks.length > 0
      ? { zh: `找到外接盘:${sticks.join('、')}`, en: `Drives found: ${sticks.join(', ')}` }
      : {
          zh: '县盒上没有找到外接盘,插好后刷新本页',
          en: 'No drive was found on the box; plug it in and reload',
        },
})

function Downloads({ c, packages }: { c: Context<Env>; packages: PackageOut[] }) {
  const { t } = c.var
  return (
    <Notice
      tone="good"
      live
      title={t({ zh: '逐个下载,存到 U 盘', en: 'Download each and keep them on the stick' })}
    >
      <ul>
        {packages.map((each) => (
          <li>
            <a href={`/sync/sent/${each.peer}/${each.file}`} download>
              {t({ zh: `第 ${each.seq} 号包`, en: `Package ${each.seq}` })}
            </a>{' '}
            {sizeText(each.bytes)}
          </li>
        ))}
      </ul>
    </Notice>
  )
}

function Imported({ c, found, uploaded }: { c: Context<Env>; found: StickImport; uploaded?: boolean }) {
  const { t } = c.var
  const exchange = exchangeAt(c)
  if (found.packages.length + found.confirmed.length + found.doubtful.length === 0)
    return (
      <Notice tone="warn" live>
        {t({ zh: '没有找到给本机的数据包或回执', en: 'No package or receipt for this box was found.' })}
      </Notice>
    )
  const [applied, repeated, refused] = (['applied', 'repeated', 'refused'] as const).map((outcome) =>
    found.packages.filter((each) => each.outcome === outcome),
  )
  const receipts = uploaded
    ? found.packages
        .filter((each) => each.receipt && each.node)
        .map(
          (each) =>
            packagesIn(exchange, `node = ? and seq = ? and receipt is not null`, [each.node!, each.seq!])[0],
        )
        .filter((row) => row !== undefined)
    : []
  return (
    <>
      {applied!.length + repeated!.length + found.confirmed.length > 0 && (
        <Notice tone="good" live>
          <p>
            {t({
              zh: `入库 ${applied!.length} 包(${applied!.reduce((sum, each) => sum + (each.counts?.acts ?? 0), 0)} 条),此前已有 ${repeated!.length} 包,确认回执 ${found.confirmed.length} 份`,
              en: `${applied!.length} packages applied, ${repeated!.length} were known, ${found.confirmed.length} receipts taken`,
            })}
          </p>
          {!uploaded && found.receipts > 0 && (
            <p>
              {t({
                zh: `已在 U 盘上留下 ${found.receipts} 份回执,请带回给对方`,
                en: `${found.receipts} receipts were left on the stick: carry them back`,
              })}
            </p>
          )}
          {receipts.length > 0 && (
            <p>
              {t({ zh: '请把回执带回给对方:', en: 'Carry the receipts back: ' })}
              {receipts.map((row) => (
                <>
                  {' '}
                  <a href={`/sync/received/${row.pid}/receipt`} download>
                    {t({ zh: `第 ${row.seq} 号包回执`, en: `receipt ${row.seq}` })}
                  </a>
                </>
              ))}
            </p>
          )}
        </Notice>
      )}
      {[
        ...refused!.map((each) => ({ file: each.file.split('/').at(-1)!, reason: t(each.reason!) })),
        ...found.doubtful,
      ].map((each) => (
        <Notice tone="bad" live title={each.file}>
          {each.reason}
        </Notice>
      ))}
    </>
  )
}

function pendingText(c: Context<Env>, exchange: Exchange, node: string): string {
  const n = pendingFor(exchange, node).length
  return n > 0
    ? c.var.t({ zh: `${n} 包待确认`, en: `${n} unconfirmed` })
    : c.var.t({ zh: '导出时打包', en: 'cut on export' })
}

async function texts(c: Context<Env>): Promise<Record<string, string | undefined>> {
  const posted = await c.req.parseBody()
  return Object.fromEntries(
    Object.entries(posted).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.trim() : undefined,
    ]),
  )
}

/** Drives mounted where desktops and udev put a stick, writable ones only. */
function mounted(): string[] {
  const table = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8') : ''
  return table
    .split('\n')
    .map((line) => line.split(' ')[1]?.replaceAll('\\040', ' ') ?? '')
    .filter((path) => /^\/(media|run\/media|mnt)\//.test(path) && isWritable(path))
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
