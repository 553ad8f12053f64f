// Handing over what waits here, and carrying what waits elsewhere: the device's own pages for both. One thing at a time;
// and never a word more than is known: handed to somebody is not at the county.

import type { Context, Hono } from 'hono'
import { page } from '../../server/http/layout.tsx'
import { type Say, timeText, type Words } from '../../server/kernel/words.ts'
import { Button } from '../ui/button.tsx'
import { Choices, FileWay, ScanCodes, ShowCodes } from '../ui/hand-over.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { PageHead } from '../ui/page.tsx'
import { Ticks } from '../ui/ticks.tsx'
import { type Carried, CarrierBag } from './carried.ts'
import type { Session } from './device.ts'
import type { FieldEnv } from './field-env.ts'
import { type Handed, parcelOf, toHandOver } from './give-parcel.ts'
import { type Label, labelOn, parcelIn, Unreadable } from './hand-over.ts'
import { coarse, largestShown, secondsFor, usual } from './qr-frames.ts'

type Ctx = Context<FieldEnv>

let opened: CarrierBag | undefined
/** What is carried here for others; opened when it is first asked for. */
export async function carrierBag(): Promise<CarrierBag> {
  if (!opened || opened.closed) opened = await CarrierBag.open()
  return opened
}

export function handOverPages(app: Hono<FieldEnv>, exchange: () => Promise<void>) {
  // A list of its own, because a device that is locked answers each of these with the unlock page.
  const pages: [path: string, draw: (c: Ctx, session: Session) => Response | Promise<Response>][] = [
    ['/field/hand-over', showWays],
    ['/field/hand-over/codes', showCodes],
    ['/field/hand-over/file', showFile],
    ['/field/hand-over/parcel', givenBytes],
    ['/field/carry', (c) => showCarried(c)],
    ['/field/carry/scan', showScan],
  ]
  for (const [path, draw] of pages) app.get(path, (c) => unlocked(c, draw))

  app.post('/field/hand-over/given', (c) =>
    unlocked(c, async (_, session) => {
      const { acts } = await toHandOver(session)
      const handed: Handed = { at: new Date().toISOString(), acts: acts.map((each) => each.id) }
      await session.shelf.put('fact', handed, 'handed')
      return c.redirect('/field/hand-over?done=1', 303)
    }),
  )
  app.post('/field/carry', (c) => unlocked(c, (ctx, session) => takeAlong(ctx, session, exchange)))
  app.post('/field/carry/:id/read', (c) =>
    unlocked(c, async () => {
      await (await carrierBag()).letGo(c.req.param('id'))
      return c.redirect('/field/carry', 303)
    }),
  )
  app.post('/field/carry/:id/again', (c) =>
    unlocked(c, async () => {
      await (await carrierBag()).again(c.req.param('id'))
      await exchange()
      return c.redirect('/field/carry', 303)
    }),
  )
}

function unlocked(c: Ctx, draw: (c: Ctx, session: Session) => Response | Promise<Response>) {
  const { session } = c.env
  return session ? draw(c, session) : c.redirect(`/field/unlock?to=${encodeURIComponent(c.req.path)}`, 303)
}

/** On the page of what waits: the ways to hand it over, while there is something that lives only here, and to carry. */
export function handOverButton(c: Ctx, session: Session) {
  const { t } = c.var
  return (
    <>
      {session.outbox.onlyHere > 0 && (
        <Button title={t({ zh: '交给同事', en: 'Hand over' })} path="/field/hand-over" icon="qr" />
      )}
      <Button title={t({ zh: '替同事带', en: 'Carry for a colleague' })} path="/field/carry" />
    </>
  )
}

/** On the same page: what is carried for others and has not arrived. Nothing when there is none. */
export async function carriedNotice(c: Ctx) {
  const waiting = (await (await carrierBag()).list()).filter((each) => each.fate === 'here')
  if (waiting.length === 0) return null
  return (
    <Notice
      tone="info"
      title={waiting.map((each) => c.var.t(carrying(each.label))).join(c.var.t({ zh: ';', en: '; ' }))}
    >
      <a href="/field/carry">
        {c.var.t({ zh: '连上县盒自动送出', en: 'Sent by itself once the box answers' })}
      </a>
    </Notice>
  )
}

async function showWays(c: Ctx, session: Session) {
  const { t } = c.var
  const { acts, photos } = await toHandOver(session)
  const handed = await session.shelf.get<Handed>('fact', 'handed')
  const still = acts.filter((act) => handed?.acts.includes(act.id)).length
  if (acts.length === 0)
    return page(
      c as never,
      { title: t(handOver), crumbs: [fieldWork(t)] },
      <div class="hand-over">
        <PageHead title={t(handOver)} />
        <Empty
          text={t({ zh: '没有只在本机的记录,不用交', en: 'Nothing lives only here; nothing to hand over' })}
          act={{ title: t({ zh: '回离线办公', en: 'Back' }), path: '/field' }}
          icon="done"
        />
      </div>,
    )
  const { size } = await parcelOf(session, false)
  const seconds = secondsFor(size)
  return page(
    c as never,
    { title: t(handOver), crumbs: [fieldWork(t)], needs: ['take'] },
    <div class="hand-over">
      <PageHead title={t(handOver)} />
      <p class="big-count">
        <strong>{acts.length}</strong>{' '}
        {photos.length > 0
          ? t({
              zh: `条记录、${photos.length} 张照片只在这台设备上`,
              en: `entries and ${photos.length} photos live only on this device`,
            })
          : t({ zh: '条记录只在这台设备上', en: 'entries live only on this device' })}
      </p>
      {session.outbox.unread.length > 0 && (
        <Notice tone="warn">
          {t({
            zh: `另有 ${session.outbox.unread.length} 条这个版本读不出来,不在里面,仍留在本机。`,
            en: `${session.outbox.unread.length} more cannot be read by this version; they are not inside and stay here.`,
          })}
        </Notice>
      )}
      {still > 0 && (
        <Notice
          tone="info"
          live={c.req.query('done') === '1'}
          title={t({
            zh: `${timeText(handed!.at)} 交给过同事 ${still} 条`,
            en: `${still} handed to a colleague, ${timeText(handed!.at, 'en')}`,
          })}
        >
          {t({
            zh: '县里还没有确认收到,原件仍留在本机。县里收到后这里自动销账。',
            en: 'The county has not confirmed them yet; the originals stay here until it does.',
          })}
        </Notice>
      )}
      <Choices
        choices={[
          ...(size <= largestShown
            ? [
                {
                  title: t({ zh: '让对方扫', en: 'Let the other side scan' }),
                  hint: t({
                    zh: `对方的手机或办公室电脑在旁边,约 ${seconds} 秒${photos.length > 0 ? ',不含照片' : ''}`,
                    en: `A phone or office PC beside you, about ${seconds} s${photos.length > 0 ? ', without photos' : ''}`,
                  }),
                  icon: 'qr' as const,
                  path: '/field/hand-over/codes',
                },
              ]
            : []),
          {
            title: t({ zh: '做成文件', en: 'Make a file' }),
            hint: t({
              zh: `微信发给同事,或拷到 U 盘${photos.length > 0 ? ',带照片' : ''}`,
              en: `To send or to put on a stick${photos.length > 0 ? ', with photos' : ''}`,
            }),
            icon: 'file',
            path: '/field/hand-over/file',
          },
        ]}
      />
      <p class="hint">
        {t({
          zh: '内容加了密,带的人打不开。原件留在本机,县盒确认收到才算送到;带几次都只算一次。',
          en: 'It is sealed: whoever carries it cannot read it. The originals stay here until the box confirms; however often it arrives, it counts once.',
        })}
      </p>
    </div>,
  )
}

async function showCodes(c: Ctx, session: Session) {
  const { t } = c.var
  const { size } = await parcelOf(session, false)
  if (size > largestShown) return c.redirect('/field/hand-over', 303)
  const big = c.req.query('coarse') === '1'
  const seconds = secondsFor(size, big ? coarse : usual)
  return page(
    c as never,
    {
      title: t({ zh: '让对方扫', en: 'Codes' }),
      crumbs: [fieldWork(t), { title: t(handOver), path: '/field/hand-over' }],
      needs: ['give'],
    },
    <div class="hand-over">
      <PageHead
        title={t({ zh: '让对方扫', en: 'Codes' })}
        note={t({
          zh: `屏幕调亮,拿稳约 ${seconds} 秒。对方:离线办公 → 替同事带 → 扫码`,
          en: `Screen bright, hold still about ${seconds} s. Other side: Field work → Carry → Scan`,
        })}
      />
      <ShowCodes t={t} source="/field/hand-over/parcel" done="/field/hand-over/given" coarse={big} />
    </div>,
  )
}

async function showFile(c: Ctx, session: Session) {
  const { t } = c.var
  const { acts, photos } = await toHandOver(session)
  const label = await labelOf(session)
  return page(
    c as never,
    {
      title: t({ zh: '做成文件', en: 'A file' }),
      crumbs: [fieldWork(t), { title: t(handOver), path: '/field/hand-over' }],
      needs: ['give'],
    },
    <div class="hand-over">
      <PageHead
        title={t({ zh: '做成文件', en: 'A file' })}
        note={t({
          zh: `${acts.length} 条记录${photos.length > 0 ? `,${label.photos} 张照片` : ''}`,
          en: `${acts.length} entries${photos.length > 0 ? `, ${label.photos} photos` : ''}`,
        })}
      />
      {label.left > 0 && (
        <Notice
          tone="warn"
          title={t({
            zh: `有 ${label.left} 张照片放不下`,
            en: `${label.left} photos do not fit`,
          })}
        >
          {t({
            zh: '它们仍留在本机,连上县盒自动送出。',
            en: 'They stay on this device and are sent once the box answers.',
          })}
        </Notice>
      )}
      <div
        data-parcel-file="/field/hand-over/parcel?photos=1"
        data-file-name={copyName(session)}
        data-file-given="/field/hand-over/given"
      >
        <p
          class="scan-said"
          data-file-said
          role="status"
          data-preparing={t({ zh: '正在准备…', en: 'Getting ready…' })}
          data-ready={t({ zh: '准备好了,{size}', en: 'Ready, {size}' })}
          data-saved={t({
            zh: '已存到「下载」,名字以「县盒待发」开头。发给同事,或拷到 U 盘带到县里。',
            en: 'Saved among the downloads; its name begins with 县盒待发. Send it, or put it on a stick.',
          })}
          data-failed={t({ zh: '没有做成,请返回再试', en: 'It did not work; go back and try again' })}
        />
        <div class="big-choices">
          <button class="button button-main" type="button" data-file-share hidden>
            {t({ zh: '发给同事', en: 'Send to a colleague' })}
          </button>
          <button class="button" type="button" data-file-save hidden>
            {t({ zh: '存到本机', en: 'Save on this device' })}
          </button>
        </div>
      </div>
      <p class="hint">
        {t({
          zh: '同事在「离线办公 → 替同事带」里打开它;办公室电脑在「离线办公 → 收同事的记录」。',
          en: 'A colleague opens it under Field work → Carry; an office PC under Field work → Bring it in.',
        })}
      </p>
    </div>,
  )
}

async function givenBytes(c: Ctx, session: Session) {
  return c.body(await (await parcelOf(session, c.req.query('photos') === '1')).arrayBuffer(), 200, {
    'content-type': 'application/octet-stream',
    'cache-control': 'no-store',
  })
}

async function showCarried(c: Ctx, fault?: Words) {
  const { t } = c.var
  const parcels = await (await carrierBag()).list()
  return page(
    c as never,
    {
      title: t(carry),
      crumbs: [fieldWork(t)],
      needs: ['take'],
      ...(fault && { status: 422 as const }),
    },
    <div class="hand-over">
      <PageHead
        title={t(carry)}
        note={t({
          zh: '同事的手机连不上,把上面登记的放进这台设备,连上县盒时自动送到。您看不到内容。',
          en: 'Take along what a colleague cannot send. You cannot read it; it is delivered at the next contact.',
        })}
      />
      {fault && (
        <Notice tone="bad" live>
          <p>{t(fault)}</p>
        </Notice>
      )}
      {parcels.length > 0 && (
        <ul class="parcels" aria-label={t({ zh: '带着的', en: 'Carried' })}>
          {parcels.map((each) => carriedEntry(c, each))}
        </ul>
      )}
      <Choices
        choices={[
          {
            title: t({ zh: '扫码', en: 'Scan' }),
            hint: t({ zh: '对方手机在旁边,打开「交给同事」', en: 'The phone is here and shows «Hand over»' }),
            icon: 'camera',
            path: '/field/carry/scan',
          },
        ]}
      >
        <FileWay
          t={t}
          post="/field/carry"
          csrf={c.var.csrf}
          title={t({ zh: '选择文件', en: 'Choose a file' })}
          hint={t({ zh: '微信里收到的,名字以「县盒待发」开头', en: 'Its name begins with 县盒待发' })}
        />
      </Choices>
    </div>,
  )
}

function carriedEntry(c: Ctx, { id, label, at, fate, deliveredAt, answer, refusal }: Carried) {
  const { t } = c.var
  const others = answer ? answer.refused + answer.aside : 0
  return (
    <li>
      <strong>{t(carrying(label))}</strong>{' '}
      <Ticks
        t={t}
        fate={fate === 'delivered' ? 'county' : fate === 'refused' ? 'refused' : 'device'}
        withWord
      />
      <p>
        {t({
          zh: `${timeText(at)} 带上${deliveredAt ? `,${timeText(deliveredAt)} 送到县里` : ''}`,
          en: `Taken along ${timeText(at, 'en')}${deliveredAt ? `, delivered ${timeText(deliveredAt, 'en')}` : ''}`,
        })}
      </p>
      {answer && (
        <p>
          {t({
            zh: `县里新收 ${answer.arrived} 条${answer.repeated > 0 ? `,原已收到 ${answer.repeated} 条` : ''}${others > 0 ? `,${others} 条要${answer.person}自己处理` : ''}`,
            en: `${answer.arrived} taken in${answer.repeated > 0 ? `, ${answer.repeated} known already` : ''}${others > 0 ? `, ${others} left to ${answer.person}` : ''}`,
          })}
        </p>
      )}
      {label.left > 0 && (
        <p>
          {t({
            zh: `另有 ${label.left} 张照片还在对方的设备上`,
            en: `${label.left} more photos are still on the other device`,
          })}
        </p>
      )}
      {refusal && <p class="error">{t(refusal)}</p>}
      {fate !== 'here' && (
        <div class="actions">
          {fate === 'refused' && (
            <form method="post" action={`/field/carry/${id}/again`}>
              <Button title={t({ zh: '再送一次', en: 'Try again' })} small />
            </form>
          )}
          <form method="post" action={`/field/carry/${id}/read`}>
            <Button
              title={
                fate === 'refused' ? t({ zh: '不带了', en: 'Let go of it' }) : t({ zh: '知道了', en: 'Seen' })
              }
              look={fate === 'refused' ? 'danger' : 'plain'}
              small
            />
          </form>
        </div>
      )}
    </li>
  )
}

function showScan(c: Ctx) {
  const { t } = c.var
  return page(
    c as never,
    {
      title: t({ zh: '扫码', en: 'Scan' }),
      crumbs: [fieldWork(t), { title: t(carry), path: '/field/carry' }],
      needs: ['take'],
    },
    <div class="hand-over">
      <PageHead
        title={t({ zh: '扫码', en: 'Scan' })}
        note={t({
          zh: '对方:离线办公 → 交给同事 → 让对方扫',
          en: 'Other side: Field work → Hand over → Codes',
        })}
      />
      <ScanCodes t={t} post="/field/carry" fileWay="/field/carry" />
    </div>,
  )
}

/** From the camera as bytes, from the form as a file. */
async function takeAlong(c: Ctx, session: Session, exchange: () => Promise<void>) {
  const scanned = c.req.header('content-type') === 'application/octet-stream'
  const chosen = scanned ? undefined : (await c.req.parseBody()).file
  const bytes = scanned
    ? await c.req.arrayBuffer()
    : chosen instanceof File
      ? await chosen.arrayBuffer()
      : new ArrayBuffer()
  const turned = (words: Words) => (scanned ? c.json({ detail: c.var.t(words) }, 422) : showCarried(c, words))
  try {
    const parcel = parcelIn(new Uint8Array(bytes))
    const label = labelOn(parcel)
    // Its box would never see it: said while the other side is still here.
    if (label.node !== session.welcome.node) return turned(elsewhere(label, session.welcome.county))
    await (await carrierBag()).take(parcel)
    void exchange()
    return scanned ? c.json({ path: '/field/carry' }) : c.redirect('/field/carry', 303)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return turned(troubles[error.trouble])
  }
}

async function labelOf(session: Session): Promise<Label> {
  const head = await (await parcelOf(session, true)).slice(0, 65_600).arrayBuffer()
  return labelOn(new Uint8Array(head))
}

/** 替刘建国带着 6 条记录 */
const carrying = ({ person, acts, photos }: Label): Words => ({
  zh: `替${person}带着 ${acts} 条记录${photos > 0 ? `、${photos} 张照片` : ''}`,
  en: `${acts} entries${photos > 0 ? ` and ${photos} photos` : ''} carried for ${person}`,
})
const elsewhere = ({ county, person }: Label, here: Words): Words => ({
  zh: `${person}的设备属于${county.zh}县盒,这台设备只连${here.zh}县盒,送不到。请找${county.zh}的同事带。`,
  en: `${person}’s device belongs to the box of ${county.en}; this one only reaches ${here.en}. Somebody from there has to carry it.`,
})
const troubles: Record<Unreadable['trouble'], Words> = {
  foreign: {
    zh: '这不是县盒的交接文件。请选择名字以「县盒待发」开头的文件。',
    en: 'This is not a hand-over file. Choose the one whose name begins with 县盒待发.',
  },
  newer: {
    zh: '这份是新版本的县盒做的。请先连上县盒,让这台设备更新,再来带。',
    en: 'A newer version made this. Let this device update at the box first.',
  },
  damaged: {
    zh: '这份在路上损坏了。请让对方再做一份。',
    en: 'This was damaged on the way. Ask for a new copy.',
  },
}

const copyName = (session: Session) =>
  `县盒待发-${session.person.title}-${new Date().toISOString().slice(0, 16).replaceAll(/\D/g, '')}.xhd`

const handOver: Words = { zh: '交给同事', en: 'Hand over' }
const carry: Words = { zh: '替同事带', en: 'Carry for a colleague' }
const fieldWork = (t: Say) => ({ title: t({ zh: '离线办公', en: 'Field work' }), path: '/field' })
