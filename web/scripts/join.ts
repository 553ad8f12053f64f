// The joining page: looks whether the browser trusts the box (a picture over https loads or does not), and on the secure
// side offers to install the page as an app.

const check = document.querySelector<HTMLAnchorElement>('[data-join-check]')
const said = document.querySelector<HTMLElement>('[data-join-said]')
const trusted = document.querySelector<HTMLElement>('[data-join-trusted]')
const patience = 8000

if (check) {
  const picture = check.dataset.joinCheck!
  const look = () =>
    isTrusted(picture).then((yes) => {
      if (!trusted || !yes) return
      trusted.hidden = false
      trusted.scrollIntoView({ block: 'nearest' })
    })
  // Whoever comes back from the settings is told without asking.
  void look()
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void look())
  check.addEventListener('click', (event) => {
    event.preventDefault()
    say('looking')
    void isTrusted(picture).then((yes) => {
      say(yes ? 'good' : 'bad')
      if (yes) location.assign(check.href)
    })
  })
}

const list = document.querySelector<HTMLElement>('[data-join-steps]')
const turn = document.querySelector<HTMLElement>('[data-join-turn]')
if (list && turn && matchMedia('(max-width: 40rem)').matches) oneAtATime(list, turn)

/** Away in the settings for a minute, a phone may throw the page out of its memory: the step is remembered. */
function oneAtATime(all: HTMLElement, bar: HTMLElement) {
  const steps = [...all.children] as HTMLElement[]
  const [back, next] = ['[data-join-back]', '[data-join-next]'].map((each) =>
    bar.querySelector<HTMLElement>(each),
  )
  const says = bar.querySelector<HTMLElement>('[data-join-at]')
  if (!back || !next || !says) return
  const key = `join-step:${location.search}`
  const show = (wanted: number) => {
    const at = Math.min(Math.max(wanted, 0), steps.length - 1)
    sessionStorage.setItem(key, String(at))
    steps.forEach((step, i) => {
      step.hidden = i !== at
    })
    all.closest('.join')?.classList.toggle('join-on-the-way', at > 0)
    back.hidden = at === 0
    next.hidden = at === steps.length - 1
    says.textContent = says.dataset
      .words!.replace('{n}', String(at + 1))
      .replace('{of}', String(steps.length))
    return at
  }
  let at = show(Number(sessionStorage.getItem(key) ?? 0))
  const turnTo = (wanted: number) => {
    at = show(wanted)
    scrollTo({ top: 0 })
  }
  back.addEventListener('click', () => turnTo(at - 1))
  next.addEventListener('click', () => turnTo(at + 1))
  all.classList.add('join-turning')
  bar.hidden = false
}

function isTrusted(picture: string): Promise<boolean> {
  return new Promise((resolve) => {
    const image = new Image()
    const timer = setTimeout(() => resolve(false), patience)
    const done = (yes: boolean) => {
      clearTimeout(timer)
      resolve(yes)
    }
    image.onload = () => done(true)
    image.onerror = () => done(false)
    image.src = `${picture}?${Date.now()}`
  })
}

function say(what: 'looking' | 'good' | 'bad') {
  if (!said) return
  said.textContent = said.dataset[what] ?? ''
  said.dataset.tone = what
}

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>
}
const install = document.querySelector<HTMLElement>('[data-join-install]')
const installed = document.querySelector<HTMLElement>('[data-join-installed]')
let offer: InstallPrompt | undefined

if (install) {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault()
    offer = event as InstallPrompt
    install.hidden = false
  })
  install.addEventListener('click', () => void offer?.prompt())
  addEventListener('appinstalled', () => {
    install.hidden = true
    if (installed) installed.textContent = installed.dataset.joinInstalled ?? ''
  })
}

export {}
