// The page that sets a device up: registers the worker, asks the box for a token, and hands both to the worker.

const form = document.querySelector<HTMLFormElement>('[data-field-setup]')
const insecure = document.querySelector<HTMLElement>('[data-field-insecure]')
const possible = window.isSecureContext && 'serviceWorker' in navigator && 'indexedDB' in window

if (insecure) insecure.hidden = possible
if (form) {
  form.hidden = !possible
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void setUp(form)
  })
}

async function setUp(page: HTMLFormElement) {
  const said = page.querySelector<HTMLElement>('[data-field-said]')!
  const value = (name: string) => (page.elements.namedItem(name) as HTMLInputElement).value
  if (value('pin') !== value('again')) {
    said.textContent = said.dataset.differ ?? ''
    return
  }
  said.textContent = said.dataset.working ?? ''
  const button = page.querySelector('button')!
  button.disabled = true
  try {
    // Asked for, and not trusted: the outbox can be exported whatever the browser answers.
    await navigator.storage?.persist?.()
    await navigator.serviceWorker.register('/worker.js', { scope: '/' })
    const worker = (await navigator.serviceWorker.ready).active!
    // Before the box makes a token for it: what this person entered here earlier must not be left under another PIN.
    const name = page.dataset.fieldSetup ?? ''
    if ((await told(worker, { do: 'may-enrol', name, pin: value('pin') })).orphans) {
      said.textContent = said.dataset.orphans ?? ''
      button.disabled = false
      return
    }
    const csrf = document.querySelector<HTMLMetaElement>('meta[name=csrf]')?.content ?? ''
    const answer = await fetch('/field/devices', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': csrf },
      body: JSON.stringify({ name: value('device') }),
    })
    if (!answer.ok) throw new Error(String(answer.status))
    const welcome: unknown = await answer.json()
    await told(worker, { do: 'enrol', welcome, pin: value('pin') })
    location.assign('/field')
  } catch {
    said.textContent = said.dataset.failed ?? ''
    button.disabled = false
  }
}

function told(worker: ServiceWorker, message: unknown): Promise<{ orphans?: boolean }> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => (data?.error ? reject(new Error(data.error)) : resolve(data ?? {}))
    worker.postMessage(message, [port2])
  })
}
