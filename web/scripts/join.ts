// The joining page: looks whether the browser trusts the box (a picture over https loads or does not), and on the secure
// side offers to install the page as an app.

const check = document.querySelector<HTMLAnchorElement>('[data-join-check]')
const said = document.querySelector<HTMLElement>('[data-join-said]')
const trusted = document.querySelector<HTMLElement>('[data-join-trusted]')
const patience = 8000

if (check) {
  const picture = check.dataset.joinCheck!
  // Whoever comes back after the last step is told without asking.
  void isTrusted(picture).then((yes) => {
    if (trusted) trusted.hidden = !yes
  })
  check.addEventListener('click', (event) => {
    event.preventDefault()
    say('looking')
    void isTrusted(picture).then((yes) => {
      say(yes ? 'good' : 'bad')
      if (yes) location.assign(check.href)
    })
  })
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
