// The device's own pages: who is signed in here, how ready it is, what waits and what became of it. Few words, large
// targets; everything is shown that a person would otherwise wonder about.

import type { Context, Hono } from 'hono'
import { page } from '../../server/http/layout.tsx'
import { headingFor } from '../../server/http/records/show.tsx'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import { labelOf } from '../../server/kernel/dataset.ts'
import { numberText, timeText } from '../../server/kernel/words.ts'
import { Button } from '../ui/button.tsx'
import { Block } from '../ui/detail.tsx'
import { Icon } from '../ui/icon.tsx'
import { Empty, Notice } from '../ui/notice.tsx'
import { PageHead } from '../ui/page.tsx'
import { classes } from '../ui/props.ts'
import { Ticks } from '../ui/ticks.tsx'
import { believed } from './clock.ts'
import { bytesUsed, type Device, type Session } from './device.ts'
import type { FieldEnv } from './field-env.ts'
import { carriedNotice, handOverButton, handOverPages } from './hand-over-pages.tsx'
import type { Entry } from './outbox.ts'

type Ctx = Context<FieldEnv>

export function fieldOffice(
  app: Hono<FieldEnv>,
  device: () => Promise<Device>,
  exchange: () => Promise<void>,
) {
  app.get('/field', async (c) =>
    c.env.session ? showOffice(c, c.env.session) : unlockPage(c, await device()),
  )
  app.get('/field/unlock', async (c) => unlockPage(c, await device()))

  app.post('/field/unlock', async (c) => {
    const form = await c.req.parseBody()
    const to = String(form.to ?? '')
    const result = await (await device()).unlock(String(form.name ?? ''), String(form.pin ?? ''))
    if (typeof result === 'number')
      return unlockPage(c, await device(), {
        zh: `输错次数多,请 ${result} 秒后再试`,
        en: `Too many wrong PINs. Try again in ${result} seconds.`,
      })
    if (!result)
      return unlockPage(c, await device(), {
        zh: 'PIN 不对,请重新输入',
        en: 'The PIN is wrong; enter it again.',
      })
    void exchange()
    return c.redirect(/^\/(?!\/)/.test(to) ? to : '/', 303)
  })

  app.post('/field/lock', async (c) => {
    await (await device()).leave()
    return c.redirect('/field/unlock', 303)
  })
  app.post('/field/exchange', async (c) => {
    await exchange()
    return c.redirect('/field', 303)
  })
  app.post('/field/discard/:act', async (c) => {
    await c.env.session?.outbox.discard(c.req.param('act'))
    return c.redirect('/field', 303)
  })
  handOverPages(app, exchange)

  app.get('/field/away', (c) => {
    const { t } = c.var
    return page(
      c as never,
      { title: t({ zh: '现在连不上县盒', en: 'The box is out of reach' }), status: 503 },
      <div class="calm">
        <h1>{t({ zh: '这一页要连上县盒才能看', en: 'This page needs the box' })}</h1>
        <Notice tone="warn">
          <p>
            {t({
              zh: '现在连不上县盒。本机里的台账、登记和溯源照常办,已登记的都在本机,连上后自动送出。',
              en: 'The box is out of reach. Registers and entries kept on this device work as usual; what you enter is kept here and sent by itself.',
            })}
          </p>
        </Notice>
        <p class="actions">
          <Button title={t({ zh: '回今日', en: 'Back to today' })} path="/" look="main" />
          <Button title={t({ zh: '看本机待发', en: 'What waits here' })} path="/field" />
        </p>
      </div>,
    )
  })
  app.get('/field/stuck', (c) => {
    const { t } = c.var
    return page(
      c as never,
      { title: t({ zh: '本机资料暂时打不开', en: 'What this device keeps cannot be opened' }), status: 503 },
      <div class="calm">
        <h1>{t({ zh: '本机资料暂时打不开', en: 'What this device keeps cannot be opened' })}</h1>
        <Notice tone="warn">
          <p>
            {t({
              zh: '已登记的都还在本机,没有丢。连上县盒后再打开这一页,程序会自己更新;存储空间满了的话,请先腾出一些。',
              en: 'Everything entered is still here. Open this page again when the box answers: the program then updates itself. If the storage is full, make some room first.',
            })}
          </p>
        </Notice>
        <p class="actions">
          <Button title={t({ zh: '再试一次', en: 'Try again' })} path="/" look="main" />
        </p>
      </div>,
    )
  })
  app.get('/field/alone', (c) => {
    const { t } = c.var
    return page(
      c as never,
      { title: t({ zh: '现在连不上县盒', en: 'The box is out of reach' }), status: 503 },
      <div class="calm">
        <h1>{t({ zh: '现在连不上县盒', en: 'The box is out of reach' })}</h1>
        <p>
          {t({
            zh: '这台设备还没有设成离线办公。连上县盒后登录,在「离线办公」里设置一次即可。',
            en: 'This device has not been set up for work out of reach. Log in when the box answers and set it up once under "Field work".',
          })}
        </p>
      </div>,
    )
  })
}

async function showOffice(c: Ctx, session: Session) {
  const { t } = c.var
  const { state } = session.link
  const { records, datasets } = session.replica.size()
  const ready = state.seq > 0 && session.replica.whole
  const waiting = session.outbox.entries.filter((each) => each.fate === 'waiting')
  const refused = session.outbox.entries.filter((each) => each.fate === 'refused')
  const { onlyHere, unread } = session.outbox
  const kinds = [...datasets].filter(([, n]) => n > 0)
  const { wrong } = believed(state.clock)
  return page(
    c as never,
    { title: t({ zh: '离线办公', en: 'Field work' }) },
    <>
      <PageHead
        title={t({ zh: '离线办公', en: 'Field work' })}
        note={t({ zh: `${session.person.title} 在这台设备上`, en: `${session.person.title} on this device` })}
      />
      {onlyHere > 0 && (
        <Notice
          tone="warn"
          title={t({
            zh: `有 ${onlyHere} 条只在这台设备上`,
            en: `${onlyHere} entries live only on this device`,
          })}
        >
          {t({
            zh: '连上县盒会自动送出。长时间连不上,请点「交给同事」让人带回。',
            en: 'They are sent by themselves. If the line stays down, hand a copy to a colleague.',
          })}
        </Notice>
      )}
      {await carriedNotice(c)}
      {wrong && (
        <Notice tone="warn" title={t({ zh: '本机时间不对', en: 'This device’s clock is wrong' })}>
          {t({
            zh: `本机显示 ${timeText(new Date().toISOString())},县盒是 ${timeText(new Date(believed(state.clock).at).toISOString())}。登记不受影响,时间按县盒的记;请在系统设置里改正本机时间。`,
            en: `It shows ${timeText(new Date().toISOString(), 'en')}; the box has ${timeText(new Date(believed(state.clock).at).toISOString(), 'en')}. Entries are not affected and carry the box’s time. Correct it in the system settings.`,
          })}
        </Notice>
      )}
      {state.full && (
        <Notice tone="warn" title={t({ zh: '这台设备的存储快满了', en: 'This device is nearly full' })}>
          {t({
            zh: '县里的新内容先不往本机放,给您登记的东西留着地方;已登记的照常送出。请删掉一些照片、视频或不用的应用,再点「现在同步」。',
            en: 'What is new at the county is not fetched for now, so that your entries find room; they are sent as usual. Remove some photos, videos or apps, then send and fetch again.',
          })}
        </Notice>
      )}
      {!session.replica.whole && (
        <Notice
          tone="warn"
          title={t({ zh: '本机有一部分资料读不出来', en: 'Some records here cannot be read' })}
        >
          {t({
            zh: '列表里会少一些记录。您登记的都在;连上县盒后会自动补齐,不用做什么。',
            en: 'Lists show fewer records. What you entered is all here; the rest comes again from the box by itself.',
          })}
        </Notice>
      )}
      {session.attachments.damaged.size > 0 && (
        <Notice
          tone="warn"
          title={t({
            zh: `有 ${session.attachments.damaged.size} 张照片读不出来`,
            en: `${session.attachments.damaged.size} photos cannot be read`,
          })}
        >
          {t({
            zh: '登记的内容照常送出;照片请重新拍了补上。',
            en: 'What was entered is sent as usual; please take these photos again.',
          })}
        </Notice>
      )}
      {unread.length > 0 && (
        <Notice
          tone="warn"
          title={t({
            zh: `有 ${unread.length} 条现在读不出来`,
            en: `${unread.length} cannot be read now`,
          })}
        >
          {unread.some((each) => each.why === 'newer') && (
            <p>
              {t({
                zh: '是用新版程序登记的,还在本机;连上县盒更新程序后会接着发。',
                en: 'A newer version of the program wrote them; they are kept, and sent once the program is up to date.',
              })}
            </p>
          )}
          {unread
            .filter((each) => each.why === 'damaged')
            .map((each) => (
              <form method="post" action={`/field/discard/${each.id}`}>
                {t({
                  zh: `编号 ${each.id.slice(-8)} 的存储已损坏,不挡其他登记。`,
                  en: `What is kept under ${each.id.slice(-8)} is damaged; it holds up nothing else.`,
                })}{' '}
                <Button title={t({ zh: '不要了', en: 'Discard' })} look="danger" small />
              </form>
            ))}
        </Notice>
      )}
      {refused.length > 0 && (
        <Block title={t({ zh: `退回来的 ${refused.length} 条`, en: `${refused.length} came back` })}>
          {await Promise.all(refused.map((entry) => refusedEntry(c, entry)))}
        </Block>
      )}
      <div class={classes('ready', ready ? 'ready-yes' : 'ready-not')}>
        <Icon name={ready ? 'done' : 'clock'} size="large" />
        <div>
          <p class="ready-word">
            {ready
              ? t({ zh: '已就绪,断网照常办', en: 'Ready: works without the line' })
              : t({ zh: '正在准备,请先别离开', en: 'Getting ready; stay in reach' })}
          </p>
          <p class="ready-note">{lineText(c, session)}</p>
          <p class="ready-note">
            {t({
              zh: `本机带着 ${numberText(records)} 条记录,占 ${numberText((await bytesUsed()) / 1e6, 1)} MB`,
              en: `${numberText(records)} records here, ${numberText((await bytesUsed()) / 1e6, 1)} MB`,
            })}
          </p>
        </div>
      </div>
      <div class="actions office-acts">
        <form method="post" action="/field/exchange">
          <Button title={t({ zh: '现在同步', en: 'Send and fetch now' })} look="main" />
        </form>
        {handOverButton(c, session)}
        <form method="post" action="/field/lock">
          <Button title={t({ zh: '锁定,换人用', en: 'Lock' })} icon="lock" />
        </form>
      </div>
      <Block title={t({ zh: `待发 ${waiting.length} 条`, en: `${waiting.length} waiting` })}>
        {waiting.length === 0 ? (
          <Empty
            text={t({ zh: '没有待发的,都已送到县里', en: 'Nothing waits; all has arrived' })}
            icon="done"
          />
        ) : (
          <ol class="latest">
            {
              await Promise.all(
                waiting.slice(0, 200).map(async (entry) => (
                  <li>
                    <strong>{await sentence(c, entry)}</strong>
                    <span>
                      {timeText(entry.request.at)}
                      {entry.request.after?.length
                        ? t({ zh: ',等前一步送到后接着送', en: ', goes after the step before it' })
                        : ''}
                    </span>
                    <Ticks t={t} fate="device" />
                  </li>
                )),
              )
            }
          </ol>
        )}
      </Block>
      <details class="carried">
        <summary>
          {t({
            zh: `带在身边的台账 ${kinds.length} 种`,
            en: `${kinds.length} registers carried`,
          })}
        </summary>
        <ul class="registers">
          {kinds.map(([name, n]) => (
            <li>
              <a href={`/d/${name}`}>
                {t(session.desk.registry.dataset(name).spec.title)} <span class="count">{numberText(n)}</span>
              </a>
            </li>
          ))}
        </ul>
      </details>
    </>,
  )
}

async function refusedEntry(c: Ctx, entry: Entry) {
  const { t } = c.var
  return (
    <Notice tone="bad" title={await sentence(c, entry)}>
      <p>{entry.refusal && t(entry.refusal)}</p>
      <div class="actions">
        <Button title={t({ zh: '改好再发', en: 'Mend and send' })} path={mendPath(entry)} look="main" />
        <form method="post" action={`/field/discard/${entry.id}`}>
          <Button title={t({ zh: '不要了', en: 'Discard' })} look="danger" />
        </form>
      </div>
    </Notice>
  )
}

/** The form it was filled in on, with everything that was typed. */
function mendPath(entry: Entry): string {
  const { name, record, fields = {} } = entry.request
  const [dataset, step] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)]
  const typed = new URLSearchParams(
    Object.entries(fields).flatMap(([key, value]) =>
      value === null || value === undefined
        ? []
        : [[key, typeof value === 'object' ? JSON.stringify(value) : String(value)]],
    ),
  )
  typed.set('_act', entry.id)
  if (record) typed.set('_record', record)
  if (step === 'created') return `/d/${dataset}/new?${typed}`
  if (step === 'amended') return `/d/${dataset}/${record}/amend?${typed}`
  return `/d/${dataset}${record ? `/${record}` : ''}/do/${step}?${typed}`
}

async function sentence(c: Ctx, entry: Entry): Promise<string> {
  const { desk, t } = c.var
  const { name } = entry.request
  const spec = desk.registry.datasets.get(name.slice(0, name.lastIndexOf('.')))?.spec
  const verb = desk.registry.verbs.get(name)
  const what = spec ? await nameOf(c, spec, entry) : ''
  if (verb) return `${t(verb.title)} ${what}`
  const words = {
    created: { zh: '登记', en: 'Registered' },
    amended: { zh: '修改', en: 'Amended' },
    withdrawn: { zh: '作废', en: 'Withdrew' },
  }
  const step = name.slice(name.lastIndexOf('.') + 1) as keyof typeof words
  return `${t(words[step] ?? { zh: name, en: name })}${spec ? t(spec.title) : ''} ${what}`
}

/** What the entry is about, by its name: the record as it is here, or as the entry would make it. */
async function nameOf(c: Ctx, spec: DatasetSpec, entry: Entry): Promise<string> {
  const draft = entry.drafts.find((each) => each.dataset === spec.name)
  const id = draft?.record ?? entry.request.record
  const record = id && (await c.var.desk.read(spec.name, id))
  if (record) return headingFor(c.var, spec, record)
  return draft ? labelOf(spec, draft.fields) : ''
}

function lineText(c: Ctx, session: Session): string {
  const { t } = c.var
  const { fate, since, confirmedAt } = session.link.state
  if (fate === 'up')
    return t({
      zh: `县盒连得上,${timeText(confirmedAt)} 同步过`,
      en: `Up; last exchange ${timeText(confirmedAt, 'en')}`,
    })
  if (fate === 'signed-out')
    return t({
      zh: '县盒不认识这台设备了,请连上后重新设置一次',
      en: 'The box no longer knows this device; set it up again',
    })
  if (fate === 'unknown') return t({ zh: '还没有试过', en: 'Not tried yet' })
  return t({ zh: `${timeText(since)} 起连不上县盒`, en: `Out of reach since ${timeText(since, 'en')}` })
}

async function unlockPage(c: Ctx, device: Device, fault?: { zh: string; en: string }) {
  const { t } = c.var
  const people = await device.people()
  // Who mistyped is not asked again who they are.
  const asked = c.req.method === 'POST' ? String((await c.req.parseBody()).name ?? '') : ''
  return page(
    c as never,
    { title: t({ zh: '解锁', en: 'Unlock' }), ...(fault && { status: 422 }) },
    <div class="login">
      <h1>{t({ zh: '解锁本机', en: 'Unlock this device' })}</h1>
      {people.length === 0 && (
        <Notice tone="info">
          {t({ zh: '这台设备还没有人设过离线办公。', en: 'Nobody has set this device up yet.' })}
        </Notice>
      )}
      {people.length > 0 && (
        <form class="form" method="post" action="/field/unlock">
          <input type="hidden" name="to" value={c.req.query('to') ?? '/'} />
          <fieldset class="field">
            <legend>{t({ zh: '谁在用', en: 'Who' })}</legend>
            <div class="ticked ticked-row who">
              {people.map((person, i) => (
                <label class="tickable">
                  <input
                    type="radio"
                    name="name"
                    value={person.name}
                    checked={asked ? asked === person.name : i === 0}
                  />
                  <span>{person.title}</span>
                </label>
              ))}
            </div>
          </fieldset>
          <div class="field">
            <label for="f-pin">{t({ zh: '解锁 PIN', en: 'PIN' })}</label>
            <input
              class="input input-pin"
              id="f-pin"
              name="pin"
              type="password"
              inputmode="numeric"
              autocomplete="off"
              enterkeyhint="go"
              aria-describedby={fault ? 'pin-fault' : undefined}
              aria-invalid={fault ? 'true' : undefined}
              autofocus
              required
            />
            {fault && (
              <p class="fault" id="pin-fault" role="alert">
                {t(fault)}
              </p>
            )}
          </div>
          <div class="form-acts">
            <Button title={t({ zh: '解锁', en: 'Unlock' })} look="main" />
          </div>
          <p class="hint">
            {t({
              zh: '忘了 PIN:连上县盒,登录后重新设置一次。没送出的登记还在,用原来的 PIN 才能打开。',
              en: 'Forgotten the PIN? Set the device up again when the box answers. What waits here opens with the old PIN only.',
            })}
          </p>
        </form>
      )}
    </div>,
  )
}
