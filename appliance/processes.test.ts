import { afterAll, afterEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from './logs.ts'
import { Children, type ChildrenOptions } from './processes.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-processes-'))
afterAll(() => rmSync(root, { recursive: true }))

// A room small enough to see through: answers, echoes hints, works hard, hangs or falls when told.
const room = join(root, 'room.ts')
writeFileSync(
  room,
  `import { takeRoom } from ${JSON.stringify(join(import.meta.dir, 'role.ts'))}
  import { appendFileSync } from 'node:fs'
  const wire = takeRoom()
  wire.onHint((topic, data) => {
    if (topic === 'hang') for (;;) {}
    if (topic === 'fall') throw new Error('fallen')
    wire.hint('echo', data)
  })
  wire.onAsk((question) => { if (question === 'bad') throw new Error('no such thing'); return [question, process.pid] })
  wire.onStop(async () => { await Bun.sleep(20); appendFileSync(process.env.FINISHED, 'finished\\n') })
  wire.ready()`,
)

const open: Children[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop(500)))
})

function rooms(more: Partial<ChildrenOptions> = {}) {
  const changes: string[] = []
  const heard: unknown[] = []
  const listeners = new Set<() => void>()
  const children = new Children({
    roles: ['small'],
    env: {},
    command: [process.execPath, room],
    log: openLog({ level: 'error', directory: join(root, 'logs') }),
    firstPauseMs: 10,
    onChange: (_role, health) => {
      changes.push(health.state)
      for (const each of listeners) each()
    },
    onHint: (_role, topic, data) => {
      heard.push([topic, data])
      for (const each of listeners) each()
    },
    ...more,
  })
  open.push(children)
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return
        listeners.delete(look)
        resolve()
      }
      listeners.add(look)
      look()
    })
  return { children, changes, heard, until }
}

process.env['FINISHED'] = join(root, 'finished')

test('hints go both ways, questions come back, a wrong question is an error and not a fall', async () => {
  const { children, changes, heard, until } = rooms()
  children.start()
  await until(() => changes.includes('up'))
  children.hint('small', 'look', { seq: 7 })
  await until(() => heard.length === 1)
  expect(heard).toEqual([['echo', { seq: 7 }]])
  expect(await children.ask<[string, number]>('small', 'who')).toEqual(['who', children.pids()['small']!])
  await expect(children.ask('small', 'bad')).rejects.toThrow('no such thing')
  expect(changes).toEqual(['up'])
})

test('a child killed with -9 is back, and questions it held are told so', async () => {
  const { children, changes, until } = rooms()
  children.start()
  await until(() => changes.includes('up'))
  const before = children.pids()['small']!
  children.hint('small', 'hang')
  const asked = children.ask('small', 'anyone?')
  process.kill(before, 'SIGKILL')
  await expect(asked).rejects.toThrow('small ended')
  await until(() => changes.join() === 'up,down,up')
  expect(children.pids()['small']).not.toBe(before)
  expect(children.health()['small']!.state).toBe('up')
})

test('a child that throws is back too', async () => {
  const { children, changes, until } = rooms()
  children.start()
  await until(() => changes.includes('up'))
  children.hint('small', 'fall')
  await until(() => changes.join() === 'up,down,up')
})

test('a child that hangs is noticed, ended and replaced', async () => {
  const { children, changes, until } = rooms({ stuckAfterMs: 3000 })
  children.start()
  await until(() => changes.includes('up'))
  children.hint('small', 'hang')
  await until(() => changes.join() === 'up,down,up')
})

test('stopping lets a child finish what it holds, and starts nothing again', async () => {
  const { children, changes, until } = rooms()
  children.start()
  await until(() => changes.includes('up'))
  await children.stop()
  expect(readFileSync(process.env['FINISHED']!, 'utf8')).toContain('finished')
  expect(changes).toEqual(['up', 'down'])
  expect(children.pids()['small']).toBeUndefined()
})

test('when the parent is killed with -9 its children are gone, the busy ones too', async () => {
  const parent = join(root, 'parent.ts')
  writeFileSync(
    parent,
    `import { Children } from ${JSON.stringify(join(import.meta.dir, 'processes.ts'))}
    import { openLog } from ${JSON.stringify(join(import.meta.dir, 'logs.ts'))}
    const children = new Children({
      roles: ['idle', 'busy'], env: {}, command: [process.execPath, ${JSON.stringify(room)}], log: openLog({ level: 'error' }),
      onChange: () => {
        if (Object.values(children.health()).some((each) => each.state !== 'up')) return
        children.hint('busy', 'hang')
        console.log(JSON.stringify(Object.values(children.pids())))
      },
    })
    children.start()`,
  )
  const running = Bun.spawn([process.execPath, parent], { stdout: 'pipe' })
  const { value } = await running.stdout.getReader().read()
  const pids: number[] = JSON.parse(new TextDecoder().decode(value))
  expect(pids).toHaveLength(2)
  expect(pids.every(alive)).toBe(true)
  running.kill('SIGKILL')
  await running.exited
  const deadline = Date.now() + 5000
  while (pids.some(alive) && Date.now() < deadline) await Bun.sleep(5)
  expect(pids.filter(alive)).toEqual([])
})

/** A zombie waits for somebody to collect it, but runs no more. */
function alive(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return false
  return !/^\d+ \(.*\) [ZX]/.test(readFileSync(file, 'utf8'))
}
