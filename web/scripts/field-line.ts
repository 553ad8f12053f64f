// On a device that carries a replica: ask the worker to exchange when the network is back and every half minute while a
// page is open, and redraw the line when it has something to tell.

export function fieldLine() {
  const worker = navigator.serviceWorker
  if (!worker?.controller) return
  const exchange = () => worker.controller?.postMessage({ do: 'exchange' })
  addEventListener('online', exchange)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && exchange())
  setInterval(exchange, 30_000)
  worker.addEventListener('message', ({ data }) => {
    if (data?.live) document.body.dispatchEvent(new CustomEvent(`live:${data.live}`, { bubbles: true }))
  })
  exchange()
}

/** Saves what the worker answers as a file: browsers do not download from a worker while the network is off. */
export function saveCopies() {
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest<HTMLAnchorElement>('a[data-save]')
    if (!link) return
    event.preventDefault()
    void fetch(link.href)
      .then((answer) => answer.blob())
      .then((blob) => {
        const copy = document.createElement('a')
        copy.href = URL.createObjectURL(blob)
        copy.download = link.dataset.save ?? ''
        copy.click()
        URL.revokeObjectURL(copy.href)
      })
  })
}
