// What happens in a county besides farming: calls, patrols, warnings, and people who see to them.

import type { Actor } from '../../server/kernel/access.ts'
import catalogue from '../codes/case-catalogue.json' with { type: 'json' }
import { Dice } from './dice.ts'
import { address, givenName, phoneNumber, surname } from './names.ts'
import { type Town, towns } from './places.ts'
import { type Calendar, idOf, madeBy, type Plan } from './plan.ts'
import { firstDay, near } from './registers.ts'

const said: Record<string, string[]> = {
  A01: ['外河水位涨得快,闸口告警', '大堤外水位超过警戒线'],
  A02: ['堤脚有渗水,水色发浑', '迎水坡有一处塌陷,约 2 米宽'],
  A03: ['主渠被水葫芦堵死,春灌用不上水', '沟渠淤积,下雨就漫到路上'],
  A04: ['泵站 2 号机组启动不了', '电排站配电柜跳闸'],
  B01: ['连片水稻叶片发黄,像是稻飞虱', '芦苇地发现成片夜蛾幼虫'],
  B02: ['鱼塘清早大面积浮头', '塘里溶氧低,增氧机停了'],
  B03: ['买的除草剂打了不起作用', '种子发芽率低,要求核实'],
  B04: ['买到的小龙虾不新鲜,要求处理', '蔬菜没有合格证就在卖'],
  C01: ['沟里的水发黑发臭', '有人往河里排污水'],
  C02: ['田里在烧秸秆,烟很大', '堤边有人烧稻草'],
  C03: ['路口垃圾几天没人清', '渠边倒了一堆建筑垃圾'],
  C04: ['夜里有人在禁捕水域电鱼', '湖边发现地笼网'],
  D01: ['村道路面塌了一块,车过不去', '桥头路面坑洼严重'],
  D02: ['集镇路灯一排不亮', '学校门口路灯坏了'],
  D03: ['人行道井盖不见了', '排水井盖破损'],
  D04: ['停水两天了,没有通知', '自来水发黄'],
  E01: ['医保缴费查不到记录', '养老金认证办不了'],
  E02: ['两家为田埂界线起争执', '邻居养鸭臭味大'],
  E03: ['种粮补贴面积登记不对', '农机补贴没到账'],
  F01: ['电线杆歪了,线垂到路面', '老屋线路老化冒火花'],
  F02: ['房屋墙体开裂,老人还住着', '危房旁边没有警示'],
  F03: ['水塘边没有护栏,小孩常去玩', '野塘有学生游泳'],
}

export function planCases(
  plan: Plan,
  calendar: Calendar,
  scale: number,
  centre: Actor,
  worker: (town: Town) => Actor,
) {
  const chief: Actor = { ...centre, id: 'zhihuizhongxin', name: '指挥中心值班员' }
  const cases = Math.round(500 * scale)
  for (let i = 0; i < cases; i++) {
    const dice = new Dice(`case/${i}`)
    const category = dice.pick(catalogue.categories)
    const town = dice.weighted(towns.map((each) => [each, each.weight] as const))
    // Denser towards today: the list of open cases is what people look at.
    const ago = Math.floor(200 * dice.next() ** 2)
    let at = calendar.moment(ago, dice.next())
    const hotline = dice.chance(0.45)
    const level =
      category.code.startsWith('A0') || category.kind === 'hazard'
        ? dice.weighted([
            ['yellow', 5],
            ['orange', 3],
            ['red', 1],
          ] as const)
        : dice.weighted([
            ['blue', 7],
            ['yellow', 3],
          ] as const)
    const staff = worker(town)
    const reporter = surname(dice) + givenName(dice, dice.chance(0.5))
    const where = address(dice, town.name)
    const content = dice.pick(said[category.code] ?? [category.name])
    const categoryId = idOf(`cases.category/${category.code}`, firstDay(calendar))
    const reported = plan.act(hotline ? chief : staff, 'cases.case.reported', `${i}`, at, {
      content: `${content}。位置:${where}`,
      title: content.slice(0, 40),
      channel: hotline ? 'hotline' : dice.pick(['patrol', 'patrol', 'resident', 'online']),
      kind: category.kind,
      level,
      division: town.code,
      address: where,
      place: { type: 'Point', coordinates: near(dice, town, 0.03) },
      ...(hotline && { reporter, phone: phoneNumber(5_000_000 + i) }),
    })
    const id = madeBy(reported)
    // A step happens if its time has come and nobody let it lie.
    const step = (
      actor: Actor,
      verb: string,
      hours: [number, number],
      fields: Record<string, unknown>,
      share = 0.985,
    ): boolean => {
      at += Math.round(dice.between(...hours) * 3_600_000)
      if (at > calendar.now || !dice.chance(share)) return false
      plan.act(actor, `cases.case.${verb}`, `${i}/${verb}`, at, fields, id)
      return true
    }
    if (
      dice.chance(0.03) &&
      step(
        chief,
        'declined',
        [0.2, 3],
        { refusal: dice.pick(['与已受理案卷为同一件事', '不属于本县管辖']) },
        1,
      )
    )
      continue
    if (!step(chief, 'filed', [0.1, 2], { category: categoryId, level })) continue
    if (
      !step(chief, 'assigned', [0.1, 1.5], {
        handler: 'township',
        division: town.code,
        instructions: '请及时到场处理并反馈',
      })
    )
      continue
    if (!step(staff, 'signed', [0.2, 4], { worker: staff.name })) continue
    if (
      !step(staff, 'responded', [0.3, 6], {
        response: dice.pick(['已电话联系反映人', '已到现场查看', '已约定上门时间']),
      })
    )
      continue
    if (
      !step(staff, 'handled', [2, 60], {
        result: dice.pick([
          '已处理完毕,现场恢复正常',
          '组织人员清理,已恢复通行',
          '已更换部件,运行正常',
          '已当面解释政策,群众认可',
        ]),
        proofAddress: where,
      })
    )
      continue
    if (!step(chief, 'checked', [1, 20], { outcome: 'pass' })) continue
    if (
      hotline &&
      !step(chief, 'called-back', [0.5, 12], {
        reached: 'yes',
        solved: true,
        satisfaction: dice.weighted([
          ['very-good', 4],
          ['good', 5],
          ['fair', 2],
          ['poor', 0.4],
        ] as const),
      })
    )
      continue
    step(chief, 'closed', [0.1, 6], {})
  }
}
