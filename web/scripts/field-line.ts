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
