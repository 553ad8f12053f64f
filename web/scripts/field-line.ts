// On a device that carries a replica: ask the worker to exchange when the network is back, and from time to time while a
// page is open; and redraw the line when it has something to tell. Not every browser wakes a worker by itself.

/** Half a minute while the box answers; up to five minutes while it does not, to spare the battery. */
const [usual, longest] = [30_000, 300_000]

export function fieldLine() {
  const worker = navigator.serviceWorker
  if (!worker?.controller) return
  let timer = 0
  let misses = 0
  const exchange = () => {
    window.clearTimeout(timer)
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => {
      misses = data?.fate === 'up' ? 0 : misses + 1
      again(usual * 2 ** Math.min(misses, 4))
    }
    worker.controller?.postMessage({ do: 'exchange' }, [port2])
    // A long drain answers late, and a worker that was stopped not at all.
    again(longest)
  }
  const again = (pause: number) => {
    window.clearTimeout(timer)
    timer = window.setTimeout(exchange, Math.min(pause, longest))
  }
  const atOnce = () => {
    misses = 0
    exchange()
  }
  addEventListener('online', atOnce)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && atOnce())
  worker.addEventListener('message', ({ data }) => {
    if (data?.live) document.body.dispatchEvent(new CustomEvent(`live:${data.live}`, { bubbles: true }))
  })
  exchange()
}
