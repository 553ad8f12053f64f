import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from 'hono'
import { page } from '../../server/http/layout.tsx'
import type { App, Env } from '../../server/http/module.ts'
import { Refusal } from '../../server/kernel/refusal.ts'
import { Button } from '../../web/ui/button.tsx'
import { Block } from '../../web/ui/detail.tsx'
import { ErrorSummary, type Fault, Notice } from '../../web/ui/notice.tsx'
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
        <form method="post" action="/sync/stick/out" class="form plain-form">
          <input type="hidden" name="_csrf" value={c.var.csrf} />
          <div class="field">
            <label for="peer">{t({ zh: '送给', en: 'For' })}</label>
            <select id="peer" name="peer">
              {peers.map((peer) => (
                <option value={peer.node} selected={peer.node === chosen}>
                  {`${peer.name}(${pendingText(c, exchange, peer.node)})`}
                </option>
              ))}
            </select>
          </div>
          <Directory c={c} name="to" sticks={sticks} />
          <div class="form-acts">
            <Button title={t({ zh: '写入县盒上的 U 盘', en: 'Write to the stick in the box' })} look="main" />
            <Button title={t({ zh: '在本电脑下载', en: 'Download on this PC' })} name="here" value="yes" />
          </div>
        </form>
      </Block>
      <Block id="in" title={t({ zh: '从 U 盘导入', en: 'Import from a stick' })}>
        <form method="post" action="/sync/stick/upload" enctype="multipart/form-data" class="form plain-form">
          <input type="hidden" name="_csrf" value={c.var.csrf} />
          <div class="field">
            <label for="files">{t({ zh: '在本电脑选择文件', en: 'Choose files on this PC' })}</label>
            <input
              type="file"
              id="files"
              name="files"
              multiple
              accept=".xhp,.json"
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
        <form method="post" action="/sync/stick/in" class="form plain-form">
          <input type="hidden" name="_csrf" value={c.var.csrf} />
          <Directory c={c} name="from" sticks={sticks} />
          <div class="form-acts">
            <Button title={t({ zh: '从县盒上的 U 盘导入', en: 'Import from the stick in the box' })} />
          </div>
        </form>
      </Block>
    </>,
  )
}

function Directory({ c, name, sticks }: { c: Context<Env>; name: string; sticks: string[] }) {
  const { t } = c.var
  return (
    <div class="field">
      <label for={name}>{t({ zh: '县盒上的目录', en: 'Directory on the box' })}</label>
      <input
        id={name}
        name={name}
        value={sticks[0] ?? '/media/usb'}
        list={`${name}-list`}
        autocomplete="off"
      />
      <datalist id={`${name}-list`}>
        {sticks.map((each) => (
          <option value={each} />
        ))}
      </datalist>
      <p class="hint">
        {sticks.length > 0
          ? t({ zh: `找到 ${sticks.length} 个可写的外接盘`, en: `${sticks.length} writable drives found` })
          : t({
              zh: '县盒上没有找到外接盘,插好后刷新本页',
              en: 'No drive was found on the box; plug it in and reload',
            })}
      </p>
    </div>
  )
}

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

/** Where desktops and udev put a stick: one level below these. */
function mounted(): string[] {
  const found: string[] = []
  const look = (directory: string, depth: number) => {
    try {
      for (const each of readdirSync(directory, { withFileTypes: true })) {
        if (!each.isDirectory()) continue
        const path = join(directory, each.name)
        if (depth > 0) look(path, depth - 1)
        else {
          try {
            accessSync(path, constants.W_OK)
            found.push(path)
          } catch {
            // Not ours to write: not offered.
          }
        }
      }
    } catch {
      // No such place on this system.
    }
  }
  look('/media', 0)
  look('/run/media', 1)
  look('/mnt', 0)
  return found
}
