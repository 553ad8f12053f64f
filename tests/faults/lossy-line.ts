// A bad village line at the level of packets: two network namespaces, the lake (the phone) and the town (the box),
// joined by a line that loses, delays and throttles IP packets both ways, so that both kernels' TCP has to cope. Made
// with `tc … netem` where the kernel has it, otherwise between two TUN devices (tun-line.ts). Beside it a clean cable,
// the office's Wi-Fi, on which a phone is set up; it can be pulled.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface Conditions {
  /** Share of packets lost, each way. */
  loss: number
  /** Milliseconds each way. */
  delay: number
  /** Bits a second, each way. */
  rate: number
  /** Packets that may wait at the line's mouth; more are dropped. */
  queue: number
  /** Of the die; netem throws its own. */
  seed: number
}

/** What one direction was given, IP headers included. */
export interface Passed {
  packets: number
  bytes: number
  /** To the die. */
  lost: number
  /** To a full queue. */
  dropped: number
}

export interface LossyLine {
  made: 'netem' | 'tun'
  /** Put before a command that is to run at this end: `ip netns exec …`. */
  lake: string[]
  town: string[]
  /** The town's address over the bad line and over the office's Wi-Fi. */
  thin: string
  wifi: string
  /** The phone leaves the office. */
  leave(): Promise<void>
  /** The phone comes under another mast: every connection it had over the line is gone. Answers with how many there were. */
  changeMast(): Promise<number>
  passed(): Promise<{ up: Passed; down: Passed }>
  close(): Promise<void>
}

/** Why this machine can have no such line; undefined when it can. */
export function whyNoLine(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid?.() !== 0) return 'not root'
  if (!Bun.which('ip') || !Bun.which('ss')) return 'no ip or ss (iproute2)'
  const netem = hasNetem()
  if (netem === undefined) return 'no network namespaces'
  if (!netem && !existsSync('/dev/net/tun')) return 'neither netem nor /dev/net/tun'
}

/** Asked in a namespace of its own, which goes away with the answer. Undefined where there are no namespaces. */
function hasNetem(): boolean | undefined {
  const name = `xianhe-try-${process.pid}`
  const fine = (command: string) =>
    Bun.spawnSync(command.split(' '), { stdout: 'ignore', stderr: 'ignore' }).exitCode === 0
  if (!fine(`ip netns add ${name}`)) return undefined
  const has =
    Bun.which('tc') !== null && fine(`ip netns exec ${name} tc qdisc add dev lo root netem delay 1ms`)
  fine(`ip netns del ${name}`)
  return has
}

export async function lossyLine(conditions: Conditions): Promise<LossyLine> {
  const ends = { lake: `xianhe-lake-${process.pid}`, town: `xianhe-town-${process.pid}` }
  const away = () => {
    for (const name of Object.values(ends)) Bun.spawnSync(['ip', 'netns', 'del', name], { stderr: 'ignore' })
  }
  try {
    for (const name of Object.values(ends)) {
      await run(`ip netns add ${name}`)
      await run(`ip -n ${name} link set lo up`)
    }
    await cable(ends, 'wifi', '10.79.1')
    const line = hasNetem() ? await byNetem(ends, conditions) : await byTun(ends, conditions)
    return {
      ...line,
      lake: ['ip', 'netns', 'exec', ends.lake],
      town: ['ip', 'netns', 'exec', ends.town],
      wifi: '10.79.1.2',
      thin: '10.79.2.2',
      leave: async () => void (await run(`ip -n ${ends.lake} link del wifi`)),
      // As Android does when its address changes (SOCK_DESTROY). The box hears of it when the line lets it.
      changeMast: async () =>
        (await run(`ip netns exec ${ends.lake} ss -K -H -t dst 10.79.2.2`)).split('\n').filter(Boolean)
          .length,
      close: async () => {
        await line.close()
        away()
      },
    }
  } catch (error) {
    away()
    throw error
  }
}

interface Ends {
  lake: string
  town: string
}
type Line = Pick<LossyLine, 'made' | 'passed' | 'close'>

/** A cable between the two ends; the lake has .1, the town .2. */
async function cable({ lake, town }: Ends, name: string, net: string) {
  await run(`ip link add ${name} netns ${lake} type veth peer name ${name} netns ${town}`)
  for (const [end, own] of [
    [lake, 1],
    [town, 2],
  ] as const) {
    await run(`ip -n ${end} addr add ${net}.${own}/24 dev ${name}`)
    await run(`ip -n ${end} link set ${name} up`)
  }
}

async function byNetem(ends: Ends, { loss, delay, rate, queue }: Conditions): Promise<Line> {
  await cable(ends, 'line', '10.79.2')
  for (const end of [ends.lake, ends.town]) {
    // A veth hands over segments of up to 64 KB in one piece; a line loses packets.
    await run(`ip -n ${end} link set line gso_max_segs 1`)
    await run(
      `tc -n ${end} qdisc add dev line root netem limit ${queue} loss ${loss * 100}% delay ${delay}ms rate ${rate}bit`,
    )
  }
  const passed = async (end: string): Promise<Passed> => {
    const [netem] = JSON.parse(await run(`tc -n ${end} -s -j qdisc show dev line`)) as [NetemTells]
    // netem counts the packets it lost itself among the dropped.
    return { packets: netem.packets + netem.drops, bytes: netem.bytes, lost: netem.drops, dropped: 0 }
  }
  return {
    made: 'netem',
    passed: async () => ({ up: await passed(ends.lake), down: await passed(ends.town) }),
    close: async () => {},
  }
}

interface NetemTells {
  bytes: number
  packets: number
  drops: number
}

async function byTun({ lake, town }: Ends, conditions: Conditions): Promise<Line> {
  const names = { lake: `xhl${process.pid}`, town: `xht${process.pid}` }
  const between = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, 'tun-line.ts'),
      names.lake,
      names.town,
      JSON.stringify(conditions),
    ],
    { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  )
  const said = linesOf(between.stdout)
  if ((await said.next()).value !== 'ready') throw new Error('the line was not made')
  for (const [end, name, own, other] of [
    [lake, names.lake, 1, 2],
    [town, names.town, 2, 1],
  ] as const) {
    await run(`ip link set ${name} netns ${end} name line`)
    await run(`ip -n ${end} addr add 10.79.2.${own} peer 10.79.2.${other} dev line`)
    await run(`ip -n ${end} link set line up`)
  }
  return {
    made: 'tun',
    passed: async () => {
      between.stdin.write('?\n')
      await between.stdin.flush()
      return JSON.parse((await said.next()).value!)
    },
    close: async () => {
      between.kill()
      await between.exited
    },
  }
}

/** What a process says, line by line. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    yield* lines
  }
}

async function run(command: string): Promise<string> {
  const child = Bun.spawn(command.split(' '), { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`${command}: ${err.trim()}`)
  return out
}
