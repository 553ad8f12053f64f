import { Icon, type IconName } from './icon.tsx'
import type { Child, Say } from './props.ts'

export interface Choice {
  title: string
  /** What it takes: 对方在旁边,约 10 秒. */
  hint: string
  icon: IconName
  path: string
}

/** One of a few ways, each as large as a hand: nothing else on the page asks for a decision. */
export function Choices({ choices, children }: { choices: Choice[]; children?: Child }) {
  return (
    <ul class="big-choices">
      {choices.map((each) => (
        <li>
          <a class="big-choice" href={each.path}>
            <Icon name={each.icon} size="large" />
            <span class="big-choice-words">
              <strong>{each.title}</strong>
              <span>{each.hint}</span>
            </span>
          </a>
        </li>
      ))}
      {children && <li>{children}</li>}
    </ul>
  )
}

/** Choosing a file is the button itself: it is sent as soon as it is chosen, and by 收进来 where scripts are off. */
export function FileWay({
  t,
  post,
  csrf,
  title,
  hint,
}: {
  t: Say
  post: string
  csrf: string
  title: string
  hint: string
}) {
  return (
    <form class="big-choice-file" method="post" action={post} enctype="multipart/form-data" data-file-way>
      <input type="hidden" name="_csrf" value={csrf} />
      <label class="big-choice" for="f-file">
        <Icon name="file" size="large" />
        <span class="big-choice-words">
          <strong>{title}</strong>
          <span>{hint}</span>
          <input id="f-file" type="file" name="file" required />
        </span>
      </label>
      <button class="button" type="submit">
        {t({ zh: '收进来', en: 'Take it in' })}
      </button>
    </form>
  )
}

/** The screen the other phone shows, read by this camera. Says what to do in one line, whatever happens. */
export function ScanCodes({ t, post, fileWay }: { t: Say; post: string; fileWay: string }) {
  return (
    <section class="scan" data-scan={post} aria-label={t({ zh: '扫码', en: 'Scan' })}>
      <noscript>
        <p>
          {t({ zh: '扫码要开启浏览器脚本。请改用文件。', en: 'Scanning needs scripts. Use a file instead.' })}
        </p>
      </noscript>
      <div class="scan-window" data-scan-window hidden>
        <video data-scan-video muted playsinline autoplay />
      </div>
      <progress data-scan-progress aria-label={t({ zh: '已读', en: 'Read' })} hidden />
      <p
        class="scan-said"
        data-scan-said
        role="status"
        data-starting={t({ zh: '正在打开摄像头…', en: 'Opening the camera…' })}
        data-looking={t({
          zh: '对准对方屏幕上的二维码,让它占满方框',
          en: 'Point at the code on the other screen until it fills the frame',
        })}
        data-reading={t({ zh: '已读 {have} / {need},请保持不动', en: '{have} of {need} read; hold still' })}
        data-sending={t({ zh: '读完了,正在收下…', en: 'All read; taking it in…' })}
        data-denied={t({
          zh: '浏览器没有允许用摄像头。点地址栏左边的图标允许摄像头后重开本页,或者改用文件。',
          en: 'The camera is not allowed. Allow it beside the address and open this page again, or use a file.',
        })}
        data-missing={t({
          zh: '这台设备没有能用的摄像头。请让对方做成文件,再选文件收进来。',
          en: 'This device has no camera that works. Ask for a file instead.',
        })}
        data-busy={t({
          zh: '摄像头正被别的程序占用。关掉那个程序后重开本页,或者改用文件。',
          en: 'Another program uses the camera. Close it and open this page again, or use a file.',
        })}
        data-insecure={t({
          zh: '浏览器只在安全连接(https)下开摄像头。请改用文件,或先在「安全连接」里设置一次。',
          en: 'Browsers open the camera only over https. Use a file, or set up the secure connection first.',
        })}
        data-failed={t({
          zh: '没有收成,请再扫一次,或者改用文件。',
          en: 'It was not taken in; scan again, or use a file.',
        })}
      />
      <p class="actions">
        <button class="button button-main" type="button" data-scan-again hidden>
          {t({ zh: '再扫一次', en: 'Scan again' })}
        </button>
        <a class="button" href={fileWay}>
          {t({ zh: '改用文件', en: 'Use a file' })}
        </a>
      </p>
    </section>
  )
}

/** What the giving screen shows: one code after the other, as large as the screen allows. */
export function ShowCodes({
  t,
  source,
  done,
  coarse,
}: {
  t: Say
  source: string
  done: string
  coarse: boolean
}) {
  return (
    <section class="give" data-give={source} data-give-coarse={coarse ? '' : undefined}>
      <noscript>
        <p>
          {t({
            zh: '显示二维码要开启浏览器脚本。请改用文件。',
            en: 'Codes need scripts. Use a file instead.',
          })}
        </p>
      </noscript>
      <canvas
        class="give-code"
        data-give-code
        role="img"
        aria-label={t({ zh: '交给对方扫的二维码,一直在变', en: 'A changing QR code for the other device' })}
      />
      <p
        class="give-count"
        data-give-count
        data-round={t({ zh: '第 {n} 张 / 共 {all} 张', en: 'Code {n} of {all}' })}
        data-more={t({ zh: '共 {all} 张,正在补发第 {n} 张', en: '{all} codes; repeating, number {n}' })}
        data-preparing={t({ zh: '正在准备…', en: 'Getting ready…' })}
        data-failed={t({
          zh: '没有准备好,请返回再试,或者改用文件。',
          en: 'It could not be prepared; go back and try again, or use a file.',
        })}
      />
      <form method="post" action={done} class="actions">
        <button class="button button-main" type="submit">
          {t({ zh: '对方说收好了', en: 'The other side has it' })}
        </button>
        {coarse ? (
          <a class="button" href="/field/hand-over/codes">
            {t({ zh: '恢复小格', en: 'Finer codes' })}
          </a>
        ) : (
          <a class="button" href="/field/hand-over/codes?coarse=1">
            {t({ zh: '读不出来,放大格子', en: 'Cannot be read: coarser' })}
          </a>
        )}
      </form>
    </section>
  )
}
