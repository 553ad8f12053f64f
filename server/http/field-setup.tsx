// Setting a device up for work out of reach, on pages of the box: PIN, token, and what becomes of lost devices.

import type { Context } from 'hono'
import { Button } from '../../web/ui/button.tsx'
import { Block } from '../../web/ui/detail.tsx'
import { Empty, Notice } from '../../web/ui/notice.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import { refuse } from '../kernel/refusal.ts'
import { timeText } from '../kernel/words.ts'
import { actorOf, type Db, findAccount } from './accounts.ts'
import {
  addDevice,
  type DeviceWelcome,
  declaredOn,
  listDevices,
  revokeDevice,
  standingOf,
} from './devices.ts'
import { importPages } from './import-pages.tsx'
import { page } from './layout.tsx'
import type { App, Env } from './module.ts'

export function fieldSetupPages(app: App, db: Db) {
  app.get('/field', (c) => c.redirect('/field/setup', 302))
  app.get('/field/setup', (c) => showSetup(c, db))

  app.post('/field/devices', async (c) => {
    const { name } = (await c.req.json()) as { name?: string }
    const { store } = c.var.box
    const { id, token } = addDevice(db, c.var.actor.id, String(name ?? ''))
    return c.json({
      device: id,
      token,
      actor: { ...c.var.actor },
      county: c.var.house.county,
      node: store.node.id,
      declared: declaredOn(store),
      database: store.node.database,
      standing: standingOf(store, actorOf(findAccount(db, c.var.actor.id)!)),
    } satisfies DeviceWelcome)
  })

  app.post('/field/devices/:id/revoke', (c) => {
    const device = listDevices(db).find((each) => each.id === c.req.param('id'))
    if (!device || (device.account !== c.var.actor.id && !mayAll(c)))
      refuse({ zh: '找不到这台设备', en: 'There is no such device.' }, { kind: 'missing' })
    revokeDevice(db, device.id, c.var.actor.id)
    return c.redirect('/field/setup?said=device-revoked', 303)
  })

  importPages(app, db)
}

const mayAll = (c: Context<Env>) => c.var.desk.registry.rights.may(c.var.actor, 'people')

/** 周梅的手机: most people keep what is offered. */
function deviceName(c: Context<Env>): string {
  const agent = c.req.header('user-agent') ?? ''
  const phone = /Android|iPhone|HarmonyOS|Mobile/i.test(agent)
  const { name } = c.var.actor
  return c.var
    .t(phone ? { zh: `${name}的手机`, en: `${name}’s phone` } : { zh: `${name}用的电脑`, en: `${name}’s PC` })
    .slice(0, 40)
}

function showSetup(c: Context<Env>, db: Db) {
  const { t, actor } = c.var
  const devices = listDevices(db, mayAll(c) ? undefined : actor.id)
  return page(
    c,
    { title: t({ zh: '离线办公', en: 'Field work' }), needs: ['field'], task: true },
    <>
      <PageHead
        title={t({ zh: '离线办公', en: 'Field work' })}
        note={t({
          zh: '设置一次,这台手机或电脑断网也能照常登记、查看;有网时自动送到县里。',
          en: 'Set up once, and this phone or PC registers and shows records without the line; everything is sent by itself later.',
        })}
      />
      <noscript>
        <Notice tone="warn">
          {t({ zh: '离线办公要开启浏览器脚本。', en: 'Field work needs scripts switched on.' })}
        </Notice>
      </noscript>
      <div data-field-insecure hidden>
        <Notice
          tone="warn"
          title={t({ zh: '先让这台设备信任县盒', en: 'First let this device trust the box' })}
        >
          <p>
            {t({
              zh: '浏览器只允许在安全连接(https)下离线办公。',
              en: 'Browsers allow work out of reach only over a secure connection (https).',
            })}{' '}
            <a href="/join">{t({ zh: '按这里的步骤设置', en: 'Follow these steps' })}</a>
          </p>
        </Notice>
      </div>
      <form class="form" data-field-setup={actor.id} hidden>
        <div class="form-section">
          <div class="field">
            <label for="f-device">{t({ zh: '设备名称', en: 'Device name' })}</label>
            <input
              class="input"
              id="f-device"
              name="device"
              maxlength={40}
              required
              autocomplete="off"
              enterkeyhint="next"
              value={deviceName(c)}
            />
          </div>
          <div class="field">
            <label for="f-pin">{t({ zh: '解锁 PIN', en: 'PIN' })}</label>
            <p class="hint" id="pin-hint">
              {t({
                zh: '自己定,至少 6 位数字,别人不知道。断网时用它打开本机。',
                en: 'Your own, at least 6 digits. It unlocks the device out of reach.',
              })}
            </p>
            <input
              class="input input-pin"
              id="f-pin"
              name="pin"
              type="password"
              inputmode="numeric"
              minlength={6}
              autocomplete="new-password"
              enterkeyhint="next"
              aria-describedby="pin-hint"
              required
            />
          </div>
          <div class="field">
            <label for="f-again">{t({ zh: '再输一次', en: 'Once more' })}</label>
            <input
              class="input input-pin"
              id="f-again"
              name="again"
              type="password"
              inputmode="numeric"
              minlength={6}
              autocomplete="new-password"
              enterkeyhint="go"
              required
            />
          </div>
          <p
            class="field-said"
            data-field-said
            role="status"
            data-differ={t({
              zh: '两次输入的 PIN 不一样,请重新输入',
              en: 'The two PINs differ; enter them again',
            })}
            data-working={t({
              zh: '正在把您辖区的台账带到本机…',
              en: 'Bringing your registers to this device…',
            })}
            data-orphans={t({
              zh: '您以前在这台设备上登记的还没有送出,锁在原来的 PIN 下。请填原来的 PIN,或先到「离线办公」解锁',
              en: 'What you entered here earlier is not sent yet and lies under the old PIN. Use that PIN, or unlock this device first',
            })}
            data-failed={t({
              zh: '没有设成,请检查与县盒的连接后再试',
              en: 'It did not work; check the connection and try again',
            })}
          />
        </div>
        <div class="form-acts">
          <Button title={t({ zh: '设置这台设备', en: 'Set this device up' })} look="main" />
        </div>
      </form>
      <Block title={t({ zh: '已设置的设备', en: 'Devices' })}>
        {devices.length === 0 ? (
          <Empty
            text={t({ zh: '还没有设备,在上面设置第一台', en: 'None yet; set the first one up above' })}
          />
        ) : (
          <div class="list">
            <section class="table-scroll" tabindex={0} aria-label={t({ zh: '已设置的设备', en: 'Devices' })}>
              <table class="table">
                <thead>
                  <tr>
                    <th scope="col">{t({ zh: '设备', en: 'Device' })}</th>
                    <th scope="col">{t({ zh: '谁的', en: 'Whose' })}</th>
                    <th scope="col">{t({ zh: '最近联系', en: 'Last seen' })}</th>
                    <th scope="col" class="col-number">
                      {t({ zh: '当时待发', en: 'Waiting then' })}
                    </th>
                    <th scope="col">
                      <span class="unseen">{t({ zh: '办理', en: 'Act' })}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {devices.map((device) => (
                    <tr>
                      <td class="col-first">{device.name}</td>
                      <td data-label={t({ zh: '谁的', en: 'Whose' })}>
                        {findAccount(db, device.account)?.title ?? device.account}
                      </td>
                      <td data-label={t({ zh: '最近联系', en: 'Last seen' })}>
                        {device.seen
                          ? timeText(device.seen, c.var.lang)
                          : t({ zh: '尚未联系', en: 'Not yet' })}
                      </td>
                      <td class="col-number" data-label={t({ zh: '当时待发', en: 'Waiting then' })}>
                        {device.waiting ?? ''}
                      </td>
                      <td data-label="">
                        {device.revoked ? (
                          device.wiped ? (
                            t({ zh: '已停用,已清空', en: 'Revoked, wiped' })
                          ) : (
                            t({ zh: '已停用,下次联系时清空', en: 'Revoked; wipes at next contact' })
                          )
                        ) : (
                          <form method="post" action={`/field/devices/${device.id}/revoke`}>
                            <input type="hidden" name="_csrf" value={c.var.csrf} />
                            <Button title={t({ zh: '丢失停用', en: 'Lost: revoke' })} look="danger" small />
                          </form>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          </div>
        )}
      </Block>
      <Block title={t({ zh: '替同事带回', en: 'For a colleague' })}>
        <p>
          {t({
            zh: '同事的手机连不上,把上面登记的收到这里:扫那台手机的屏幕,或者用它做的文件。',
            en: 'A colleague’s phone is out of reach: bring in what it holds, by scanning its screen or as a file.',
          })}
        </p>
        <Button title={t({ zh: '收同事的记录', en: 'Bring it in' })} path="/field/import" />
      </Block>
    </>,
  )
}
