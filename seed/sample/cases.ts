// A year of cases: reported, handled, checked, answered, with the delays, returns and bad answers a real county has.
// Each case has its own dice and walks the process step by step; where its next step would lie in the future it stops,
// so that every state has somebody in it today.

import type { Actor } from '../../server/kernel/access.ts'
import catalogue from '../codes/case-catalogue.json' with { type: 'json' }
import { happenings } from './case-stories.ts'
import { Dice } from './dice.ts'
import { givenName, phoneNumber, surname } from './names.ts'
import { type Town, towns } from './places.ts'
import { type Calendar, idOf, madeBy, type Plan } from './plan.ts'
import { firstDay, near } from './registers.ts'

export interface CasePeople {
  /** The clerk at the county centre, who files, assigns, checks and calls back. */
  centre: Actor
  leader: Actor
  town: (town: Town) => Actor
}

/** About 3,000 cases at scale 1, over the year before now. */
export function planCases(plan: Plan, calendar: Calendar, scale: number, people: CasePeople) {
  const open = new Map<string, { id: string; at: number }>()
  const total = Math.round(3000 * scale)
  for (let i = 0; i < total; i++) new Walk(plan, calendar, people, i, total, open).go()
}

// Far enough back that holidays and nights leave room for the steps they have behind them.
const waitingDays = { reported: 0.2, filed: 4, assigned: 3, returned: 5, arbitration: 6 }
const waitingOf = (last: number) =>
  (['reported', 'filed', 'assigned', 'returned', 'arbitration'] as const).find(
    (_, i) => last <= [5, 8, 12, 16, 18][i]!,
  )

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

class Walk {
  private readonly dice: Dice
  private readonly category: (typeof catalogue.categories)[number]
  private readonly town: Town
  private readonly name: string
  /** Does not wait for the office to open. */
  private urgent: boolean
  /** The newest few wait somewhere, whatever hour the county is made: a clerk's first morning is not empty. */
  private readonly waitsAt?: keyof typeof waitingDays
  private at: number
  private id = ''
  private steps = 0

  constructor(
    private readonly plan: Plan,
    private readonly calendar: Calendar,
    private readonly people: CasePeople,
    private readonly serial: number,
    total: number,
    private readonly open: Map<string, { id: string; at: number }>,
  ) {
    this.name = `case/${serial}`
    this.dice = new Dice(this.name)
    this.category = this.dice.weighted(
      catalogue.categories.map((each) => [each, happenings[each.code]!.often] as const),
    )
    this.town = this.dice.weighted(towns.map((each) => [each, each.weight] as const))
    this.urgent = this.category.unit === 'urgent-hour'
    this.waitsAt = waitingOf(total - serial)
    // Spread over the year in order, so that a duplicate finds the case before it.
    const daysAgo =
      364 * (1 - (serial + this.dice.next()) / total) + (this.waitsAt ? waitingDays[this.waitsAt] : 0)
    const reported = calendar.now - daysAgo * day - 20 * minute
    // The hotline answers at night too; what the next office morning would put into the future came in the evening before.
    const inOffice = this.during(reported)
    this.at = inOffice < calendar.now - 20 * minute ? inOffice : Math.round(reported / 1000) * 1000
  }

  go() {
    const { dice, people } = this
    const fields = this.report()
    if (this.waitsAt === 'reported') return
    if (!this.waitsAt && dice.chance(0.03))
      return this.after(20, 200) && this.step(people.centre, 'declined', { refusal: dice.pick(declines) })
    const twin = this.waitsAt ? undefined : this.open.get(`${this.category.code}/${this.town.code}`)
    if (twin && this.at > twin.at && this.at - twin.at < 4 * day && dice.chance(0.5)) {
      if (this.after(20, 120)) this.step(people.centre, 'merged', { into: twin.id })
      return
    }
    this.open.set(`${this.category.code}/${this.town.code}`, { id: this.id, at: this.at })
    if (!this.after(5, 90)) return
    this.step(people.centre, 'filed', { category: this.categoryId(), level: fields.level })
    if (this.waitsAt === 'filed') return
    const handler = this.assign()
    if (handler) this.work(handler, fields, dice.chance(0.87))
  }

  private report() {
    const { dice, category, town, people } = this
    const story = happenings[category.code]!
    const channel = dice.weighted([
      ['patrol', 36],
      ['hotline', 30],
      ['resident', 12],
      ['online', 12],
      ['department', 6],
      ['superior', 4],
    ] as const)
    const known = channel === 'hotline' || channel === 'resident' || channel === 'online'
    const village = dice.pick(villages)
    const what = dice
      .pick(story.what)
      .replaceAll('{村}', village)
      .replaceAll('{组}', dice.pick(['一', '二', '三', '四', '五', '六', '七', '八']))
    const level = this.urgent
      ? dice.weighted([
          ['yellow', 5],
          ['orange', 4],
          ['red', 1],
        ] as const)
      : dice.weighted([
          ['blue', 8],
          ['yellow', 2],
        ] as const)
    const at = near(dice, town, 0.035)
    const act = this.plan.act(
      channel === 'patrol' ? people.town(town) : people.centre,
      'cases.case.reported',
      this.name,
      this.at,
      {
        content: what,
        channel,
        kind: known
          ? dice.weighted([
              ['help', 4],
              ['complaint', 4],
              ['tip-off', 1],
              ['enquiry', 1],
            ] as const)
          : category.kind,
        level,
        division: town.code,
        address: `${town.name}${village}`,
        ...(story.somewhere !== false && { place: { type: 'Point', coordinates: at } }),
        ...(known && {
          reporter: surname(dice) + givenName(dice, dice.chance(0.5)),
          phone: phoneNumber(5_000_000 + this.serial),
        }),
        ...(channel === 'patrol' && { category: this.categoryId() }),
      },
    )
    this.id = madeBy(act)
    return { level, phone: known, village }
  }

  /** To the township or the department; some come back, few of them twice. Answers who has it. */
  private assign(): Actor | undefined {
    const { dice, people, town } = this
    const toTown = dice.chance(0.72)
    if (!this.after(5, 60)) return undefined
    const townAs = {
      handler: 'township',
      division: town.code,
      instructions: dice.chance(0.5) ? dice.pick(instructions) : undefined,
    }
    const departmentAs = { handler: 'department', department: this.category.department }
    this.step(people.centre, 'assigned', toTown ? townAs : departmentAs)
    let handler = toTown ? people.town(town) : this.bureau()
    if (this.waitsAt === 'assigned') return undefined
    if (!this.waitsAt && !dice.chance(0.05)) return handler
    if (!this.after(30, 400)) return undefined
    this.step(handler, 'returned', { returnReason: dice.pick(returns) })
    if (this.waitsAt === 'returned') return undefined
    // Most come back within the hour; a few lie until somebody looks.
    if (dice.chance(0.1) ? !this.after(2 * 1440, 6 * 1440) : !this.after(10, 120)) return undefined
    this.step(people.centre, 'assigned', toTown ? departmentAs : townAs)
    handler = toTown ? this.bureau() : people.town(town)
    if (!this.waitsAt && !dice.chance(0.3)) return handler
    if (!this.after(30, 500)) return undefined
    this.step(handler, 'returned', { returnReason: dice.pick(returns) })
    if (this.waitsAt || !this.after(1 * 1440, 4 * 1440)) return undefined
    this.step(people.leader, 'arbitrated', {
      ruling: '按属地管理原则,由所在乡镇牵头,主管部门技术指导。',
      ...townAs,
    })
    return people.town(town)
  }

  private work(handler: Actor, { phone, village }: { phone: boolean; village: string }, prompt: boolean) {
    const { dice, people } = this
    const begun = this.at
    if (dice.chance(0.06) ? !this.after(1500, 4000) : !this.after(6, this.urgent ? 40 : 260)) return
    this.step(handler, 'signed', { worker: handler.name })
    // Some of what is young is simply left lying: that is what the red figures are for.
    if (this.calendar.now - begun < 40 * day && dice.chance(0.035)) return
    if (dice.chance(0.7)) {
      if (!this.after(this.urgent ? 10 : 20, this.urgent ? 60 : 300)) return
      this.step(handler, 'responded', { response: dice.pick(responses) })
    }
    if (!this.urgent && dice.chance(0.02)) {
      if (!this.after(60, 600)) return
      this.step(people.centre, 'paused', {
        pauseReason: dice.pick(['season', 'ownership', 'approval', 'materials']),
        pauseNote: dice.pick(pauses),
      })
      if (!this.after(4 * 1440, 40 * 1440)) return
      this.step(people.centre, 'resumed', {})
    }
    const limit = wallTime(this.category)
    const due = begun + limit * (prompt ? dice.between(0.15, 0.75) : dice.between(1.3, 2.6))
    if (!prompt && this.at < begun + limit && dice.chance(0.4)) {
      const urge = this.during(begun + limit * 0.9)
      if (urge > this.at && urge < this.calendar.now) {
        this.at = urge
        this.step(people.centre, 'urged', { urging: '临近期限,请抓紧办理并反馈。' })
      }
    }
    const result = dice.pick(happenings[this.category.code]!.done)
    if (!this.until(due)) return
    this.step(handler, 'handled', { result, proofAddress: `${this.town.name}${village}` })
    this.verify(handler, result, phone, village)
  }

  private verify(handler: Actor, result: string, phone: boolean, village: string) {
    const { dice, people } = this
    // Done: from here on nothing needs doing at night, and nobody is rung up out of bed.
    this.urgent = false
    if (!this.after(30, 1300)) return
    if (dice.chance(0.06)) {
      this.step(people.centre, 'checked', { outcome: 'fail', checkNote: dice.pick(failures) })
      if (!this.after(200, 2000)) return
      this.step(handler, 'handled', {
        result: `${result};已按核查意见返工`,
        proofAddress: `${this.town.name}${village}`,
      })
      if (!this.after(30, 900)) return
    }
    this.step(people.centre, 'checked', { outcome: 'pass' })
    if (phone && !this.answered(handler, result, village)) return
    if (!this.after(10, 400)) return
    this.step(people.centre, 'closed', {})
    if (!dice.chance(0.012) || !this.after(3 * 1440, 20 * 1440)) return
    this.step(people.centre, 'reopened', { reason: '反映人再次来电,问题反复' })
    if (!this.after(10, 300)) return
    this.step(handler, 'signed', { worker: handler.name })
    if (!this.after(600, 2400)) return
    this.step(handler, 'handled', {
      result: `${result};再次处理并向反映人说明`,
      proofAddress: `${this.town.name}${village}`,
    })
    if (!this.after(30, 900)) return
    this.step(people.centre, 'checked', { outcome: 'pass' })
    if (phone && !this.answered(handler, result, village)) return
    if (this.after(10, 400)) this.step(people.centre, 'closed', {})
  }

  /** Until the caller says it is solved, or three calls were in vain. */
  private answered(handler: Actor, result: string, village: string): boolean {
    const { dice, people } = this
    for (let round = 0, vain = 0; round < 6; round++) {
      if (!this.after(60, 1500)) return false
      if (dice.chance(0.12)) {
        this.step(people.centre, 'called-back', { reached: 'no', callNote: '无人接听' })
        if (++vain === 3) return true
        continue
      }
      if (round > 0 || !dice.chance(0.06)) {
        const satisfaction = dice.weighted([
          ['very-good', 34],
          ['good', 46],
          ['fair', 14],
          ['poor', 6],
        ] as const)
        this.step(people.centre, 'called-back', {
          reached: 'yes',
          solved: true,
          satisfaction,
          callNote: dice.pick(thanks[satisfaction]!),
        })
        return true
      }
      this.step(people.centre, 'called-back', {
        reached: 'yes',
        solved: false,
        satisfaction: 'poor',
        callNote: dice.pick(complaints),
      })
      if (!this.after(300, 3000)) return false
      this.step(handler, 'handled', {
        result: `${result};按回访意见再次处理`,
        proofAddress: `${this.town.name}${village}`,
      })
      if (!this.after(30, 900)) return false
      this.step(people.centre, 'checked', { outcome: 'pass' })
      vain = 0
    }
    return false
  }

  private step(actor: Actor, verb: string, fields: Record<string, unknown>) {
    this.plan.act(actor, `cases.case.${verb}`, `${this.name}/${this.steps++}`, this.at, fields, this.id)
  }

  /** Some minutes later, when the office is open. False when that lies in the future: the case waits there today. */
  private after(least: number, atMost: number): boolean {
    return this.until(this.at + this.dice.whole(least, atMost) * minute)
  }

  private until(moment: number): boolean {
    const at = this.during(Math.max(moment, this.at + minute))
    if (at >= this.calendar.now - minute) return false
    this.at = at
    return true
  }

  /** Office hours, unless it cannot wait. */
  private during(moment: number): number {
    if (this.urgent) return Math.round(moment / 1000) * 1000
    let at = moment
    for (;;) {
      const local = new Date(at + 8 * hour)
      const today = local.toISOString().slice(0, 10)
      const clock = local.getUTCHours() + local.getUTCMinutes() / 60
      if (works(today) && clock >= 8 && clock < 17.4) return Math.round(at / 1000) * 1000
      // Next morning, a little spread.
      const next = clock < 8 ? 0 : 1
      at =
        Date.parse(`${today}T00:00:00Z`) - 8 * hour + next * day + 8 * hour + this.dice.whole(1, 150) * minute
    }
  }

  private categoryId = () => idOf(`cases.category/${this.category.code}`, firstDay(this.calendar))

  /** Someone at the bureau: not the centre's clerk, who will check. */
  private bureau(): Actor {
    const department = this.category.department
    return {
      id: `bureau-${department}`,
      name: bureauPeople[department] ?? '值班员',
      roles: ['department-clerk'],
      division: this.people.centre.division,
      lang: 'zh',
    }
  }
}

const exceptions = new Map(catalogue.days.map((each) => [each.day, each.kind]))
function works(today: string): boolean {
  const said = exceptions.get(today)
  if (said) return said === 'work'
  const weekday = new Date(`${today}T00:00:00Z`).getUTCDay()
  return weekday !== 0 && weekday !== 6
}

/** About how long a limit is by the wall clock; the act itself computes the exact deadline. */
function wallTime({ limit, unit }: { limit: number; unit: string }): number {
  if (unit === 'urgent-hour') return limit * hour
  if (unit === 'working-hour') return limit * 1.6 * hour
  return limit * day * (unit === 'working-day' ? 1.3 : 1)
}

const villages =
  '乐园村,新安村,和平村,双东村,保安垸村,大同闸村,富安村,人益村,上码头社区,新民村,四民村,光复村,幸福港村,立新村,紫红洲村,兴乐村'.split(
    ',',
  )
const bureauPeople: Record<string, string> = {
  'city-administration': '城管局 杨勇',
  housing: '住建局 曾伟',
  transport: '交通局 彭志强',
  water: '水利局 夏国平',
  agriculture: '农业农村局 肖建华',
  environment: '生态环境分局 龚静',
  emergency: '应急局 熊军',
  market: '市监局 谭丽',
  power: '供电公司 郭涛',
  'water-supply': '自来水公司 邓海波',
  fishery: '畜牧水产中心 蔡新民',
  'civil-affairs': '民政局 贺红梅',
  'human-resources': '人社局 汤艳',
}
const declines = [
  '属诉讼事项,已告知向人民法院起诉的途径。',
  '属紧急警情,已转 110 处置并告知反映人。',
  '反映事项不在本市辖区,已告知联系大通湖区。',
  '内容与事实不符,经电话核实反映人同意撤回。',
]
const instructions = [
  '请当日到场核实,按时反馈。',
  '请与村支两委一并处理,注意安全。',
  '与上次同类问题一并排查。',
]
const returns = [
  '地点不在本单位管理范围,应由属地乡镇办理。',
  '该设施产权不属本单位,应由主管部门办理。',
  '需专业设备,本单位无处置能力。',
]
const responses = [
  '已电话联系反映人,约定到场时间。',
  '已到现场查看,情况属实。',
  '已到现场设置警示,安排人员处理。',
]
const pauses = [
  '水位高,需退水后施工。',
  '产权单位不明,正在协调确认。',
  '需上级批复经费。',
  '专用配件已订购,到货即装。',
]
const failures = ['现场仍有残留,未清理干净。', '照片与地点不符,请重新提供。', '只做了临时处置,未按标准修复。']
const complaints = ['说当天清了,第二天又有。', '只来看了一眼,没有解决。', '说好三天,现在还没人来。']
const thanks: Record<string, string[]> = {
  'very-good': ['很快就来了,非常感谢。', '办得好。'],
  good: ['已经好了。', '问题解决了。', '满意。'],
  fair: ['解决了,就是慢了点。', '还可以。'],
  poor: ['解决了,但拖得太久。', '态度不好。'],
}
