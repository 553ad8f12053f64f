// Where a colleague brings in what another's device handed over: by the camera of this PC, or as a file. One thing at a
// time; and afterwards what became of it, for as long as somebody has to say something about it.

import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import { Button } from '../../web/ui/button.tsx'
import { Block } from '../../web/ui/detail.tsx'
import { Choices, FileWay, ScanCodes } from '../../web/ui/hand-over.tsx'
import { Notice } from '../../web/ui/notice.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import { Refusal, refuse } from '../kernel/refusal.ts'
import { timeText } from '../kernel/words.ts'
import { type Db, findAccount } from './accounts.ts'
import { wantsJson } from './faults.tsx'
import { page } from './layout.tsx'
import type { App, Env } from './module.ts'
import {
  decideAside,
  listParcels,
  maySay,
  type Outstanding,
  oneParcel,
  outstanding,
  type Parcel,
  takeIn,
} from './parcels.ts'
import { deed } from './records/sentences.ts'

export function importPages(app: App, db: Db) {
  app.get('/field/import', (c) => showImport(c, db))
  app.get('/field/import/scan', (c) => showScan(c))

  app.post('/field/import', async (c) => {
    try {
      const { bytes, way } = await brought(c)
      const { store, files } = c.var.box
      const taken = await takeIn({ store, db, files }, bytes, { carrier: c.var.actor.id, way })
      const known = taken.arrived + taken.refused + taken.aside === 0
      const path = `/field/import/${taken.id}${known ? '?said=parcel-known' : ''}`
      return wantsJson(c) ? c.json({ path, ...taken }) : c.redirect(path, 303)
    } catch (error) {
      if (!(error instanceof Refusal) || wantsJson(c)) throw error
      return showImport(c, db, c.var.t(error.words))
    }
  })

  app.get('/field/import/:id', (c) => showParcel(c, db, parcelOf(c, db)))
  app.post('/field/import/:id/theirs', (c) => {
    const parcel = parcelOf(c, db)
    decideAside({ store: c.var.box.store, db }, parcel.id, c.var.actor, true)
    return c.redirect(`/field/import/${parcel.id}?said=parcel-confirmed`, 303)
  })
  app.post('/field/import/:id/not-theirs', (c) => {
    const parcel = parcelOf(c, db)
    decideAside({ store: c.var.box.store, db }, parcel.id, c.var.actor, false)
    return c.redirect(`/field/import/${parcel.id}?said=parcel-dropped`, 303)
  })
}

/** From the camera as bytes, from the form as a file. */
async function brought(c: Context<Env>): Promise<{ bytes: Uint8Array<ArrayBuffer>; way: 'scan' | 'file' }> {
  if (c.req.header('content-type') === 'application/octet-stream')
    return { bytes: new Uint8Array(await c.req.arrayBuffer()), way: 'scan' }
  const file = (await c.req.parseBody()).file
  if (!(file instanceof File) || file.size === 0)
    refuse(
      { zh: '请选择同事交给您的文件', en: 'Choose the file your colleague gave you.' },
      { field: 'file' },
    )
  return { bytes: new Uint8Array(await (file as File).arrayBuffer()), way: 'file' }
}

function parcelOf(c: Context<Env>, db: Db): Parcel {
  const parcel = oneParcel(db, c.req.param('id') ?? '')
  const mine = parcel && (parcel.carrier === c.var.actor.id || maySay(c.var.box.store, c.var.actor, parcel))
  if (!parcel || !mine) refuse({ zh: '找不到这一份', en: 'There is no such parcel.' }, { kind: 'missing' })
  return parcel!
}

function showImport(c: Context<Env>, db: Db, fault?: string) {
  const { t, actor } = c.var
  const all = c.var.desk.registry.rights.may(actor, 'people')
  const parcels = listParcels(db, all ? undefined : actor.id)
  return page(
    c,
    {
      title: title(t),
      here: 'registers',
      needs: ['take'],
      crumbs: [fieldWork(t)],
      ...(fault && { status: 422 as const }),
    },
    <div class="hand-over">
      <PageHead
        title={title(t)}
        note={t({
          zh: '同事的手机连不上,把上面登记的收到这里。收几次都只算一次。',
          en: 'A colleague’s phone is out of reach: bring in what it holds. However often, it counts once.',
        })}
      />
      {fault && (
        <Notice tone="bad" live>
          <p>{fault}</p>
        </Notice>
      )}
      <Choices
        choices={[
          {
            title: t({ zh: '用摄像头扫', en: 'Scan with the camera' }),
            hint: t({
              zh: '对方手机在旁边,打开「交给同事」',
              en: 'The phone is here and shows «Hand over»',
            }),
            icon: 'camera',
            path: '/field/import/scan',
          },
        ]}
      >
        <FileWay
          t={t}
          post="/field/import"
          csrf={c.var.csrf}
          title={t({ zh: '选择文件', en: 'Choose a file' })}
          hint={t({ zh: '名字以「县盒待发」开头', en: 'Its name begins with 县盒待发' })}
        />
      </Choices>
      {parcels.length > 0 && (
        <Block title={t({ zh: '带到过的', en: 'Brought before' })}>
          <ul class="parcels">
            {parcels.map((each) => (
              <li>
                <a href={`/field/import/${each.id}`}>
                  <strong>{titleOf(c, db, each)}</strong>
                </a>
                <p>{wayText(c, db, each)}</p>
                {waitingText(c, db, each)}
              </li>
            ))}
          </ul>
        </Block>
      )}
    </div>,
  )
}

function showScan(c: Context<Env>) {
  const { t } = c.var
  return page(
    c,
    {
      title: t({ zh: '扫码', en: 'Scan' }),
      here: 'registers',
      needs: ['take'],
      crumbs: [fieldWork(t), { title: title(t), path: '/field/import' }],
    },
    <div class="hand-over">
      <PageHead
        title={t({ zh: '扫码', en: 'Scan' })}
        note={t({
          zh: '让对方打开「离线办公 → 交给同事 → 让对方扫」,把屏幕调亮',
          en: 'The other side opens Field work → Hand over → Codes, with the screen bright',
        })}
      />
      <ScanCodes t={t} post="/field/import" fileWay="/field/import" />
    </div>,
  )
}

/** What became of one parcel, and what somebody still has to say about it. */
function showParcel(c: Context<Env>, db: Db, parcel: Parcel) {
  const { t } = c.var
  const waiting = outstanding(db, parcel.id)
  const aside = waiting.filter((each) => each.fate === 'aside')
  const refused = waiting.filter((each) => each.fate === 'refused')
  const owner = findAccount(db, parcel.account)?.title ?? parcel.account
  const may = maySay(c.var.box.store, c.var.actor, parcel)
  return page(
    c,
    {
      title: titleOf(c, db, parcel),
      here: 'registers',
      needs: ['take'],
      crumbs: [fieldWork(t), { title: title(t), path: '/field/import' }],
    },
    <div class="hand-over">
      <PageHead title={titleOf(c, db, parcel)} note={wayText(c, db, parcel)} />
      {parcel.revoked === 1 && (
        <Notice tone="warn" title={t({ zh: '这台设备已经停用', en: 'This device had been revoked' })}>
          {t({
            zh: `停用之前登记的照常算${owner}的,在经过里都有标记。`,
            en: `What was entered before counts as ${owner}’s and is marked in the history.`,
          })}
        </Notice>
      )}
      {waiting.length === 0 && (
        <Notice tone="good">
          {parcel.revoked === 1
            ? t({ zh: '都在县里了。', en: 'All of it is at the county.' })
            : t({
                zh: '都在县里了。那台设备连上后会自己知道,不用再送。',
                en: 'All of it is at the county. The device will learn of it by itself.',
              })}
        </Notice>
      )}
      {parcel.photosLeft > 0 && (
        <Notice tone="info">
          {t({
            zh: `有 ${parcel.photosLeft} 张照片没有放进来,还在那台设备上,连上后自动送。`,
            en: `${parcel.photosLeft} photos were not inside; they are still on the phone and follow by themselves.`,
          })}
        </Notice>
      )}
      {aside.length > 0 && (
        <Block
          title={t({
            zh: `${aside.length} 条先放在一边`,
            en: `${aside.length} lie aside`,
          })}
        >
          <p>
            {t({
              zh: `这几条登记在停用之后,要${owner}本人或管理员看过、认下了,才算数。`,
              en: `These are dated after the device was revoked. ${owner} or an administrator has to look at them and say whose they are.`,
            })}
          </p>
          <ul class="parcels">{aside.map((each) => entry(c, each, may))}</ul>
          {may && (
            <div class="actions">
              <form method="post" action={`/field/import/${parcel.id}/theirs`}>
                <input type="hidden" name="_csrf" value={c.var.csrf} />
                <Button
                  title={
                    c.var.actor.id === parcel.account
                      ? t({ zh: '是我登记的,收进来', en: 'They are mine: take them in' })
                      : t({ zh: `已问过${owner},收进来`, en: `I asked ${owner}: take them in` })
                  }
                  look="main"
                />
              </form>
              <form method="post" action={`/field/import/${parcel.id}/not-theirs`}>
                <input type="hidden" name="_csrf" value={c.var.csrf} />
                <Button title={t({ zh: '不是,不要', en: 'They are not: drop them' })} look="danger" />
              </form>
            </div>
          )}
        </Block>
      )}
      {refused.length > 0 && (
        <Block title={t({ zh: `${refused.length} 条没有收`, en: `${refused.length} were not taken` })}>
          <p>
            {t({
              zh: `那台设备连上后会退回给${owner}改,内容都在。`,
              en: `They go back to ${owner} once the phone is in reach; nothing typed is lost.`,
            })}
          </p>
          <ul class="parcels">{refused.map((each) => entry(c, each, may))}</ul>
        </Block>
      )}
      <p class="actions">
        <Button title={t({ zh: '再收一份', en: 'Another one' })} path="/field/import" />
      </p>
    </div>,
  )
}

function entry(c: Context<Env>, each: Outstanding, whole: boolean): Child {
  const { t, desk, lang } = c.var
  const said = each.request.fields ?? {}
  const spec = desk.registry.datasets.get(
    each.request.name.slice(0, each.request.name.lastIndexOf('.')),
  )?.spec
  // Whoever carried it reads how many, not what: the contents are its person's.
  const words = Object.entries(whole ? said : {})
    .filter(
      ([name, value]) => spec?.fields[name] && typeof value !== 'object' && !spec.fields[name]!.sensitive,
    )
    .slice(0, 4)
    .map(([name, value]) => `${t(spec!.fields[name]!.label)} ${value}`)
  return (
    <li>
      <strong>{t(deed(desk.registry, { name: each.request.name } as never, spec))}</strong>{' '}
      {each.request.at && timeText(each.request.at, lang)}
      {words.length > 0 && <p>{words.join(' · ')}</p>}
      {each.message && <p class="error">{t(each.message)}</p>}
    </li>
  )
}

function titleOf(c: Context<Env>, db: Db, parcel: Parcel): string {
  const owner = findAccount(db, parcel.account)?.title ?? parcel.account
  return c.var.t({
    zh: `${owner}的设备:收到 ${parcel.arrived} 条${parcel.repeated > 0 ? `,原已收到 ${parcel.repeated} 条` : ''}${parcel.photos > 0 ? `,照片 ${parcel.photos} 张` : ''}`,
    en: `${owner}’s device: ${parcel.arrived} taken in${parcel.repeated > 0 ? `, ${parcel.repeated} known already` : ''}${parcel.photos > 0 ? `, ${parcel.photos} photos` : ''}`,
  })
}

function wayText(c: Context<Env>, db: Db, parcel: Parcel): string {
  const { t, lang } = c.var
  const by = findAccount(db, parcel.carrier)?.title ?? parcel.carrier
  const ways = {
    file: { zh: '用文件', en: 'as a file' },
    scan: { zh: '扫码', en: 'by scanning' },
    phone: { zh: '用自己的设备', en: 'on a device' },
  }
  const way = t(ways[parcel.way as keyof typeof ways] ?? ways.file)
  return t({
    zh: `${by} ${timeText(parcel.at, lang)} ${way}带到`,
    en: `${by} brought it ${way}, ${timeText(parcel.at, lang)}`,
  })
}

function waitingText(c: Context<Env>, db: Db, parcel: Parcel) {
  const waiting = outstanding(db, parcel.id)
  if (waiting.length === 0) return null
  return (
    <p class="error">
      {c.var.t({ zh: `${waiting.length} 条还没有收`, en: `${waiting.length} not taken in yet` })}
    </p>
  )
}

const title = (t: Env['Variables']['t']) => t({ zh: '替同事带回', en: 'For a colleague' })
const fieldWork = (t: Env['Variables']['t']) => ({
  title: t({ zh: '离线办公', en: 'Field work' }),
  path: '/field/setup',
})
