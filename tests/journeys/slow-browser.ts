// A slower processor. DevTools can slow a page but not a service worker, which does the work here; so every process of
// the browser is stopped for most of each fortieth of a second and let go on for the rest, from a thread of its own.
// What it comes to is measured and printed.

import { type Browser, chromium } from 'playwright-core'
import { freePort } from '../../appliance/free-port.ts'
import { executablePath } from './browser.ts'

export interface SlowBrowser {
  browser: Browser
  /** 1 is the machine as it is. */
  slow(times: number): Promise<void>
  /** MB that the service worker holds, objects and bytes, after its garbage was collected. */
  workerMemory(): Promise<number>
  close(): Promise<void>
}

export async function openSlowBrowser(): Promise<SlowBrowser> {
  const port = await freePort()
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', `--remote-debugging-port=${port}`],
  })
  const session = await browser.newBrowserCDPSession()
  let stopper: Bun.Subprocess | undefined
  const letGo = async () => {
    stopper?.kill()
    await stopper?.exited
    stopper = undefined
  }
  return {
    browser,
    async slow(times) {
      await letGo()
      if (times === 1) return
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      // The browser's own process goes on: it is the hand that types, and the disk.
      const pids = processInfo.filter((each) => each.type !== 'browser').map((each) => each.id)
      // Ahead of the others where that is allowed: whoever measures out the time has to be punctual.
      const words = [process.pid, times, ...pids].map(String)
      const child = Bun.spawn(['nice', '-n', '-10', process.execPath, '-e', stopAndGo, ...words], {
        stdout: 'pipe',
        stderr: 'ignore',
      })
      stopper = child
      await child.stdout.getReader().read()
    },
    async workerMemory() {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
        type: string
        webSocketDebuggerUrl: string
      }[]
      const worker = targets.find((each) => each.type === 'service_worker')
      if (!worker) throw new Error('no service worker is running')
      const socket = new WebSocket(worker.webSocketDebuggerUrl)
      await new Promise((resolve) => socket.addEventListener('open', resolve))
      const ask = (id: number, method: string) => {
        socket.send(JSON.stringify({ id, method }))
        return new Promise<any>((resolve) =>
          socket.addEventListener('message', ({ data }) => {
            const answer = JSON.parse(String(data))
            if (answer.id === id) resolve(answer.result)
          }),
        )
      }
      await ask(1, 'HeapProfiler.collectGarbage')
      const { usedSize, backingStorageSize = 0 } = await ask(2, 'Runtime.getHeapUsage')
      socket.close()
      return (usedSize + backingStorageSize) / 1e6
    },
    async close() {
      await letGo()
      await browser.close()
    },
  }
}

const stopAndGo = `
  const period = 24
  const [parent, times, ...pids] = process.argv.slice(1).map(Number)
  const wait = new Int32Array(new SharedArrayBuffer(4))
  const each = (signal) => { for (const pid of pids) try { process.kill(pid, signal) } catch {} }
  process.on('SIGTERM', () => { each('SIGCONT'); process.exit() })
  console.log('begins')
  function step() {
    if (process.ppid !== parent) return each('SIGCONT'), process.exit()
    each('SIGSTOP')
    Atomics.wait(wait, 0, 0, period - period / times)
    each('SIGCONT')
    Atomics.wait(wait, 0, 0, period / times)
    setImmediate(step)
  }
  step()
`
