// How a PC or phone comes to trust the box, on a page that needs neither login nor trust: what it is, the certificate,
// few steps with pictures, and a test whether it worked. Over https the same path goes on: install as an app, set up
// field work.

import type { Context } from 'hono'
import { qrSvg } from '../../web/qr.ts'
import { Button } from '../../web/ui/button.tsx'
import { Notice } from '../../web/ui/notice.tsx'
import { safePath } from './doors.ts'
import { hasJoined, markJoined, putOff, secureOrigin, unmarkJoined } from './join/joined.ts'
import { profileOf } from './join/profile.ts'
import { openOutside, type Step, stepsFor } from './join/steps.tsx'
import { insideOf, type System, systemOf, systems } from './join/systems.ts'
import { page } from './layout.tsx'
import type { App, Env } from './module.ts'
import type { SecureDoor, Services } from './services.ts'

export function joinPages(app: App, services: Services) {
  app.get('/join', (c) => {
    const door = services.secure
    if (!door) return closedPage(c)
    if (isSecure(c)) return c.redirect('/join/done', 302)
    return joinPage(c, door)
  })

  app.get('/join/xianhe-ca.crt', (c) =>
    give(c, services, (door) => door.authority.der, 'application/x-x509-ca-cert'),
  )
  app.get('/join/xianhe-ca.pem', (c) =>
    give(c, services, (door) => door.authority.pem, 'application/x-pem-file'),
  )
  app.get('/join/xianhe.mobileconfig', (c) =>
    give(
      c,
      services,
      (door) => profileOf(door.authority, c.var.t(c.var.house.county)),
      'application/x-apple-aspen-config',
    ),
  )

  // Loads only where the certificate is trusted; over http it is not there.
  app.get('/join/ok.svg', (c) =>
    isSecure(c)
      ? c.body('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>', 200, {
          'content-type': 'image/svg+xml',
          'cache-control': 'no-store',
        })
      : c.body(null, 404),
  )

  app.get('/join/done', (c) => {
    const door = services.secure
    if (!door || !isSecure(c)) return c.redirect('/join', 302)
    markJoined(c, door)
    return donePage(c)
  })
  app.get('/join/later', (c) => {
    putOff(c)
    return c.redirect(safePath(c.req.query('to')), 303)
  })
  app.get('/join/stay', (c) => {
    unmarkJoined(c)
    return c.redirect('/join', 303)
  })
}

const isSecure = (c: Context) => new URL(c.req.url).protocol === 'https:'

function give(
  c: Context<Env>,
  services: Services,
  what: (door: SecureDoor) => string | Uint8Array,
  type: string,
): Response {
  const door = services.secure
  if (!door) return c.redirect('/join', 302)
  const name = c.req.path.slice('/join/'.length)
  return c.body(what(door) as string, 200, {
    'content-type': type,
    'cache-control': 'no-store',
    // Safari offers to install a profile only when it is not an attachment.
    ...(!name.endsWith('.mobileconfig') && { 'content-disposition': `attachment; filename="${name}"` }),
  })
}

function joinPage(c: Context<Env>, door: SecureDoor) {
  const { t } = c.var
  const url = new URL(c.req.url)
  const agent = c.req.header('user-agent') ?? ''
  const asked = c.req.query('system') as System | undefined
  const found = systemOf(agent)
  const chosen = asked && asked in systems ? asked : found
  const origin = secureOrigin(url, door)
  const inside = insideOf(agent)
  const named = door.covers(url.hostname)
  const address = `http://${isOwnName(url.hostname) ? (door.addresses()[0] ?? url.hostname) : url.hostname}:${door.plainPort}/join`
  // This page alone looks at one other origin: the same box over https.
  c.set('reach', origin)
  // One thing at a time: inside another app there is only one thing to do.
  const system = inside && !asked ? undefined : chosen
  const steps = system
    ? stepsFor(system, {
        t,
        name: door.authority.name,
        sha1: door.authority.sha1,
        address: `http://${url.host}/join`,
      })
    : []
  return page(
    c,
    { title: t({ zh: '启用安全连接', en: 'Join the box' }), needs: ['join'] },
    <div class="join">
      <header class="join-head">
        <h1>{t({ zh: '启用安全连接', en: 'Join the box' })}</h1>
        <p>
          {t({
            zh: '每台手机、电脑做一次,大约两分钟。做好以后断网也能办公,传的内容别人看不到。',
            en: 'Once for each phone and PC, about two minutes. Then it works out of reach, and nobody listens in.',
          })}
        </p>
        {languageForm(c)}
      </header>
      {inside && (
        <Notice
          tone="warn"
          title={t({
            zh: `您正在${inside.zh}里打开,这里做不成`,
            en: `You are inside ${inside.en}; it does not work here`,
          })}
        >
          <p>
            {t({
              zh: '点右上角的「···」,选「在浏览器打开」,到那里再继续。',
              en: 'Tap ··· at the top right, choose Open in browser, and go on there.',
            })}
          </p>
          <div class="join-outside">{openOutside(t)}</div>
        </Notice>
      )}
      {!named && wrongName(c, door)}
      <div class="join-trusted" data-join-trusted hidden>
        <Notice tone="good" title={t({ zh: '这台设备已经做好了', en: 'This device has joined already' })}>
          <p class="actions">
            <Button
              title={t({ zh: '进入安全连接', en: 'Go on securely' })}
              path={`${origin}/join/done`}
              look="main"
            />
          </p>
        </Notice>
      </div>
      {system ? (
        <div class="join-systems">
          <p>
            {system === found
              ? t({ zh: '已认出您用的是:', en: 'You seem to use:' })
              : t({ zh: '您选的是:', en: 'You chose:' })}{' '}
            <strong>{t(systems[system])}</strong>
          </p>
          <details>
            <summary>{t({ zh: '不对,换一种', en: 'Not this one' })}</summary>
            <SystemList c={c} system={system} />
          </details>
        </div>
      ) : inside ? null : (
        <div class="join-systems">
          <p>{t({ zh: '先选您用的是哪一种:', en: 'First choose what you use:' })}</p>
          <SystemList c={c} />
        </div>
      )}
      {system && (
        <div class="join-way">
          <ol class="join-steps" data-join-steps>
            {steps.map((step, i) => (
              <StepCard step={step} number={i + 1} />
            ))}
            <li class="join-step join-check">
              <span class="join-number" aria-hidden="true">
                {steps.length + 1}
              </span>
              <div class="join-words">
                <h2>{t({ zh: '最后,点这里检查', en: 'Last, check it here' })}</h2>
                <p>
                  <a
                    class="button button-main join-big"
                    href={`${origin}/join/done`}
                    data-join-check={`${origin}/join/ok.svg`}
                  >
                    {t({ zh: '检查是否已信任', en: 'Check whether it is trusted' })}
                  </a>
                </p>
                <p
                  class="join-said"
                  role="status"
                  data-join-said
                  data-looking={t({ zh: '正在检查…', en: 'Checking …' })}
                  data-good={t({ zh: '已信任,正在转到安全连接…', en: 'Trusted. Going over to https …' })}
                  data-bad={t({
                    zh: '还没有信任。请从第 1 步起再看一遍,做完后关掉浏览器重新打开,再点一次检查。日期不对也会这样,请先看看日期。',
                    en: 'Not trusted yet. Go through the steps once more, close the browser and open it again, then check. A wrong date on the device does this too.',
                  })}
                />
              </div>
            </li>
          </ol>
          {/* A phone shows one step at a time, and remembers which while its owner is away in the settings. */}
          <div class="join-turn" data-join-turn hidden>
            <p
              role="status"
              data-join-at
              data-words={t({ zh: '第 {n} 步,共 {of} 步', en: 'Step {n} of {of}' })}
            />
            <button class="button join-big" type="button" data-join-back>
              {t({ zh: '上一步', en: 'Back' })}
            </button>
            <button class="button button-main join-big" type="button" data-join-next>
              {t({ zh: '做好了,下一步', en: 'Done, next' })}
            </button>
          </div>
          <aside class="join-side">
            <section class="join-phone">
              <h2>{t({ zh: '给手机设置', en: 'For a phone' })}</h2>
              {qrSvg(address, { title: address })}
              <p>
                {t({
                  zh: '手机连上本单位的 Wi-Fi,用相机扫一扫,或在浏览器输入:',
                  en: 'On the same Wi-Fi, scan this with the camera or type:',
                })}
              </p>
              <p class="join-address">{address}</p>
            </section>
            <Fingerprint c={c} door={door} />
          </aside>
        </div>
      )}
      <details class="join-more">
        <summary>{t({ zh: '给管理员', en: 'For administrators' })}</summary>
        <ul>
          <li>
            {t({ zh: '证书文件:', en: 'The certificate: ' })}
            <a href="/join/xianhe-ca.crt">xianhe-ca.crt (DER)</a>{' '}
            <a href="/join/xianhe-ca.pem">xianhe-ca.pem</a>{' '}
            <a href="/join/xianhe.mobileconfig">xianhe.mobileconfig</a>
          </li>
          <li>
            {t({ zh: 'Windows 批量安装(管理员命令行):', en: 'Many Windows PCs (as administrator): ' })}
            <code>certutil -addstore Root xianhe-ca.crt</code>
          </li>
          <li>
            {t({ zh: '麒麟 / UOS 系统级安装:', en: 'Kylin / UOS, system-wide: ' })}
            <code>
              cp xianhe-ca.pem /usr/local/share/ca-certificates/xianhe.crt && update-ca-certificates
            </code>
          </li>
          <li>
            {t({
              zh: '这张证书只能为局域网名称和地址作证,不能冒充银行等网站。私钥只在县盒 keys 目录里,随备份加密保存。',
              en: 'It can vouch for names and addresses of local networks only. Its key lies in keys/ on the box and, encrypted, in backups.',
            })}
          </li>
          {hasJoined(c, door) && (
            <li>
              <a href="/join/stay">
                {t({ zh: '这个浏览器不再自动转到安全连接', en: 'Stop moving this browser to https' })}
              </a>
            </li>
          )}
        </ul>
      </details>
    </div>,
  )
}

function SystemList({ c, system }: { c: Context<Env>; system?: System }) {
  return (
    <ul>
      {Object.entries(systems).map(([name, title]) => (
        <li>
          <a href={`/join?system=${name}`} aria-current={name === system ? 'true' : undefined}>
            {c.var.t(title)}
          </a>
        </li>
      ))}
    </ul>
  )
}

function StepCard({ step, number }: { step: Step; number: number }) {
  return (
    <li class="join-step">
      <span class="join-number" aria-hidden="true">
        {number}
      </span>
      <div class="join-words">
        <h2>{step.say}</h2>
        {step.take && (
          <p>
            {/* Not a page: the browser downloads, and this page stays. */}
            <a class="button button-main join-big" href={step.take.path}>
              {step.take.title}
            </a>
          </p>
        )}
        {step.also && <p class="join-also">{step.also}</p>}
      </div>
      {step.picture && <div class="join-picture">{step.picture}</div>}
    </li>
  )
}

function Fingerprint({ c, door }: { c: Context<Env>; door: SecureDoor }) {
  const { t } = c.var
  const groups = door.authority.sha256.replaceAll(':', '').match(/.{4}/g)!
  return (
    <section class="join-print">
      <h2>{t({ zh: '证书指纹', en: 'Fingerprint' })}</h2>
      <p>{door.authority.name}</p>
      <p class="join-groups">
        {groups.map((group) => (
          <span>{group}</span>
        ))}
      </p>
      <p class="hint">
        {t({
          zh: 'SHA-256。县盒主机上运行 xianhe doctor 显示的应当与此相同。',
          en: 'SHA-256. xianhe doctor on the box shows the same.',
        })}
      </p>
    </section>
  )
}

function wrongName(c: Context<Env>, door: SecureDoor) {
  const { t } = c.var
  const better = door.addresses()[0]
  return (
    <Notice
      tone="warn"
      title={t({ zh: '请换一个地址打开本页', en: 'Please open this page under another address' })}
    >
      {better && (
        <p>
          <a href={`http://${better}:${door.plainPort}/join`}>{`http://${better}:${door.plainPort}/join`}</a>
        </p>
      )}
      <p>
        {t({
          zh: '证书里没有您现在用的这个地址。一定要用它的话,请管理员把它写进设置 https.names。',
          en: 'The certificate does not name the address you use now. To keep it, an administrator adds it to https.names.',
        })}
      </p>
    </Notice>
  )
}

function donePage(c: Context<Env>) {
  const { t } = c.var
  const system = systemOf(c.req.header('user-agent') ?? '') ?? 'windows'
  return page(
    c,
    { title: t({ zh: '安全连接已启用', en: 'Joined' }), needs: ['join'] },
    <div class="join join-done">
      <header class="join-head">
        <h1>{t({ zh: '好了,这台设备已启用安全连接', en: 'Done: this device has joined' })}</h1>
        <p>
          {t({
            zh: '以后打开县盒会自动走安全连接。还有两件事,现在做最方便:',
            en: 'From now on it opens securely by itself. Two more things are best done now:',
          })}
        </p>
      </header>
      <ol class="join-steps">
        <li class="join-step">
          <span class="join-number" aria-hidden="true">
            1
          </span>
          <div class="join-words">
            <h2>{t({ zh: '放到桌面,像应用一样打开', en: 'Put it on the desktop like an app' })}</h2>
            <p data-join-install hidden>
              <button class="button button-main join-big" type="button">
                {t({ zh: '安装「县盒」', en: 'Install Xianhe' })}
              </button>
            </p>
            <p
              class="join-said"
              role="status"
              data-join-installed={t({
                zh: '已装好,桌面上有「县盒」图标。',
                en: 'Installed; the icon is on the desktop.',
              })}
            />
            <p class="join-also">{installWords(c, system)}</p>
          </div>
        </li>
        <li class="join-step">
          <span class="join-number" aria-hidden="true">
            2
          </span>
          <div class="join-words">
            <h2>{t({ zh: '设置离线办公', en: 'Set up field work' })}</h2>
            <p>
              <a class="button button-main join-big" href="/field/setup">
                {t({ zh: '去设置离线办公', en: 'Set up field work' })}
              </a>
            </p>
            <p class="join-also">
              {t({
                zh: '断网也能登记、查看,有网时自动送到县里。共用的电脑可以不设。',
                en: 'Registers and shows records without the line. Shared PCs may skip it.',
              })}
            </p>
          </div>
        </li>
      </ol>
      <p>
        <Button title={t({ zh: '进入今日', en: 'Go to today' })} path="/" />
      </p>
    </div>,
  )
}

function installWords(c: Context<Env>, system: System): string {
  const { t } = c.var
  if (system === 'ios')
    return t({
      zh: '点 Safari 底部的分享按钮(方框加向上箭头),选「添加到主屏幕」。',
      en: 'Tap the share button in Safari and choose Add to Home Screen.',
    })
  if (system === 'android')
    return t({
      zh: '没有按钮时:点浏览器菜单(三个点),选「添加到主屏幕」或「安装应用」。',
      en: 'Without the button: browser menu, Add to Home screen or Install app.',
    })
  return t({
    zh: '没有按钮时:点地址栏右边的安装图标;或按 Ctrl+D 收藏本页。',
    en: 'Without the button: the install icon in the address bar, or bookmark it with Ctrl+D.',
  })
}

function closedPage(c: Context<Env>) {
  const { t } = c.var
  return page(
    c,
    { title: t({ zh: '启用安全连接', en: 'Join the box' }) },
    <div class="calm">
      <h1>{t({ zh: '本县盒没有开安全连接', en: 'This box has no secure pages' })}</h1>
      <Notice tone="warn">
        {t({
          zh: '网页照常使用,只是不能离线办公。需要时请管理员在主机上运行 xianhe doctor,看「证书」一行怎么办。',
          en: 'Pages work as usual, without field work. An administrator finds the cure in the certificates line of xianhe doctor.',
        })}
      </Notice>
      <p class="actions">
        <Button title={t({ zh: '返回首页', en: 'Back to the first page' })} path="/" />
      </p>
    </div>,
  )
}

function languageForm(c: Context<Env>) {
  const { lang } = c.var
  return (
    <form method="post" action="/language" class="join-language">
      <input type="hidden" name="to" value={c.req.path} />
      {c.var.csrf && <input type="hidden" name="_csrf" value={c.var.csrf} />}
      <button
        class="button button-quiet button-small"
        type="submit"
        name="lang"
        value={lang === 'zh' ? 'en' : 'zh'}
        lang={lang === 'zh' ? 'en' : 'zh-CN'}
      >
        {lang === 'zh' ? 'English' : '中文'}
      </button>
    </form>
  )
}

const isOwnName = (host: string) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)
