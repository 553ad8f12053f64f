import { expect, test } from 'bun:test'
import { type CaseScene, caseScene, local } from '../../../tests/cases-scene.ts'
import { people } from '../../../tests/county.ts'
import { clockNow, clocksOf, leftWords } from './clocks.ts'
import { dueCases, escalateDue } from './escalate.ts'

const { liu, wen, cao, leader, admin } = people
const caowei = '430981114'
const nanzui = '430981107'

/** A blocked ditch in 草尾镇, called in on the hotline. */
const ditch = {
  content: '乐园村三组主渠被水葫芦堵死。春灌用不上水,请尽快清理',
  channel: 'hotline',
  kind: 'complaint',
  division: caowei,
  reporter: '王秀英',
  phone: '13873712345',
}

const march = (): CaseScene => {
  const scene = caseScene()
  scene.turnTo('2026-03-05T09:00')
  return scene
}

function reportedDitch(scene: CaseScene, more: Record<string, unknown> = {}): string {
  return scene.yes(liu, 'reported', undefined, { ...ditch, ...more }).record!
}

function inHand(scene: CaseScene): string {
  const id = reportedDitch(scene)
  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  scene.yes(liu, 'assigned', id, { handler: 'township', division: caowei })
  scene.yes(wen, 'signed', id, { worker: '文斌' })
  return id
}

test('a blocked ditch goes the whole way: reported, filed, assigned, signed, handled, checked, answered, closed', async () => {
  const scene = march()
  scene.turnTo('2026-03-05T09:00')
  const id = reportedDitch(scene)
  expect(scene.case(id).fields).toMatchObject({
    state: 'reported',
    title: '乐园村三组主渠被水葫芦堵死',
    reportedAt: local('2026-03-05T09:00'),
  })
  expect(scene.case(id).fields.number).toMatch(/^430981-20260305-\d{5}$/)

  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  scene.turnTo('2026-03-05T10:00')
  scene.yes(liu, 'assigned', id, { handler: 'township', division: caowei, instructions: '请组织清渠' })
  // Three working days from Thursday: Friday, Monday, Tuesday.
  expect(scene.case(id).fields).toMatchObject({
    state: 'assigned',
    limit: 3,
    unit: 'working-day',
    finishBy: local('2026-03-10T17:30'),
  })

  scene.turnTo('2026-03-05T15:00')
  scene.yes(wen, 'signed', id, { worker: '文斌' })
  scene.yes(wen, 'responded', id, { response: '已电话联系,约定明早到场' })
  scene.turnTo('2026-03-09T16:00')
  scene.yes(wen, 'handled', id, { result: '打捞水葫芦约 3 吨,渠道通水', proofAddress: '乐园村三组主渠' })
  expect(scene.case(id).fields).toMatchObject({
    state: 'handled',
    onTime: true,
    respondedOnTime: true,
    handledBy: 'wenbin',
  })

  expect(scene.no(liu, 'closed', id)).toContain('待核查')
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  expect(scene.no(liu, 'closed', id)).toContain('先回访')
  scene.yes(liu, 'called-back', id, {
    reached: 'yes',
    solved: true,
    satisfaction: 'good',
    callNote: '水通了',
  })
  scene.yes(liu, 'closed', id)

  expect(scene.case(id).fields).toMatchObject({ state: 'closed', satisfaction: 'good', solved: true })
  expect(scene.diary(id)).toEqual(
    [
      'reported',
      'filed',
      'assigned',
      'signed',
      'responded',
      'handled',
      'checked',
      'called-back',
      'closed',
    ].map((step) => `cases.case.${step}`),
  )
  await scene.close()
})

test('a deadline assigned before Spring Festival counts the Saturday worked in exchange and skips the holiday', async () => {
  const scene = caseScene()
  scene.turnTo('2026-02-13T10:00')
  const id = reportedDitch(scene)
  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  scene.yes(liu, 'assigned', id, { handler: 'township' })
  expect(scene.case(id).fields.finishBy).toBe(local('2026-02-25T17:30'))
  expect(scene.case(id).fields.signBy).toBe(local('2026-02-14T17:30'))
  await scene.close()
})

test('a holiday the county adds later changes the next deadline, not the promises already made', async () => {
  const scene = march()
  const first = reportedDitch(scene)
  scene.yes(liu, 'filed', first, { category: scene.category('A03'), level: 'blue' })
  scene.yes(liu, 'assigned', first, { handler: 'township' })
  expect(
    scene.act(liu, {
      name: 'cases.calendar.created',
      fields: { day: '2026-03-06', kind: 'off', name: '防汛停工' },
    }).outcome,
  ).toBe('accepted')
  const second = reportedDitch(scene)
  scene.yes(liu, 'filed', second, { category: scene.category('A03'), level: 'blue' })
  scene.yes(liu, 'assigned', second, { handler: 'township' })
  expect(scene.case(first).fields.finishBy).toBe(local('2026-03-10T17:30'))
  expect(scene.case(second).fields.finishBy).toBe(local('2026-03-11T17:30'))
  await scene.close()
})

test('a township worker reaches neither the county centre’s steps nor the next township’s cases', async () => {
  const scene = march()
  const id = inHand(scene)
  expect(scene.no(cao, 'handled', id, { result: '处理好了', proofAddress: '这里' })).toContain('不在您的辖区')
  expect(scene.no(wen, 'checked', id, { outcome: 'pass' })).toContain('岗位')
  expect(scene.no(wen, 'reported', undefined, { ...ditch, division: nanzui })).toContain('不在您的辖区')
  expect(scene.no(liu, 'handled', id, { result: '代办', proofAddress: '办公室' })).toContain('派给了乡镇')
  expect(await scene.desk(cao).read('cases.case', id)).toBeUndefined()
  expect((await scene.desk(cao).list('cases.case')).records).toEqual([])
  expect((await scene.desk(wen).list('cases.case')).records.map((each) => each.id)).toEqual([id])
  await scene.close()
})

test('moving a case to another township moves it out of the first one’s sight', async () => {
  const scene = march()
  const id = inHand(scene)
  scene.yes(wen, 'returned', id, { returnReason: '堵点在南嘴镇境内' })
  scene.yes(liu, 'assigned', id, { handler: 'township', division: nanzui })
  expect(await scene.desk(wen).read('cases.case', id)).toBeUndefined()
  scene.yes(cao, 'signed', id, { worker: '曹艳' })
  await scene.close()
})

test('the second return goes to arbitration, and the ruling cannot be returned', async () => {
  const scene = march()
  const id = inHand(scene)
  scene.yes(wen, 'returned', id, { returnReason: '属市管渠道' })
  expect(scene.case(id).fields).toMatchObject({ state: 'returned', returns: 1 })
  scene.yes(liu, 'assigned', id, { handler: 'township', division: nanzui })
  scene.yes(cao, 'returned', id, { returnReason: '不在本镇' })
  expect(scene.case(id).fields).toMatchObject({ state: 'arbitration', returns: 2 })
  expect(scene.no(liu, 'assigned', id, { handler: 'township', division: caowei })).toContain('待仲裁')
  scene.yes(leader, 'arbitrated', id, { ruling: '水利局牵头', handler: 'department', department: 'water' })
  expect(scene.case(id).fields).toMatchObject({
    state: 'assigned',
    handler: 'department',
    department: 'water',
  })
  expect(scene.no(liu, 'returned', id, { returnReason: '也不归我' })).toContain('仲裁')
  await scene.close()
})

test('work needs proof, and whoever did it does not check it', async () => {
  const scene = march()
  const id = reportedDitch(scene)
  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'yellow' })
  scene.yes(liu, 'assigned', id, { handler: 'department' })
  expect(scene.case(id).fields.department).toBe('water')
  scene.yes(liu, 'signed', id, { worker: '刘建国' })
  expect(scene.no(liu, 'handled', id, { result: '清了' })).toContain('凭据')
  scene.yes(liu, 'handled', id, { result: '清了', proofAddress: '主渠' })
  expect(scene.no(liu, 'checked', id, { outcome: 'pass' })).toContain('不能是同一个人')
  expect(scene.no(admin, 'checked', id, { outcome: 'fail' })).toContain('哪里没做好')
  scene.yes(admin, 'checked', id, { outcome: 'fail', checkNote: '下游还堵着' })
  expect(scene.case(id).fields).toMatchObject({ state: 'handling', failures: 1 })
  expect(scene.case(id).fields.handledAt).toBeUndefined()
  await scene.close()
})

test('«not solved» sends the case back to work with fresh clocks', async () => {
  const scene = march()
  const id = inHand(scene)
  scene.yes(wen, 'handled', id, { result: '清理了', proofAddress: '主渠' })
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  scene.turnTo('2026-03-20T09:00')
  expect(scene.no(liu, 'called-back', id, { reached: 'yes', solved: false, satisfaction: 'poor' })).toContain(
    '还差什么',
  )
  scene.yes(liu, 'called-back', id, {
    reached: 'yes',
    solved: false,
    satisfaction: 'poor',
    callNote: '支渠没清',
  })
  expect(scene.case(id).fields).toMatchObject({
    state: 'handling',
    reopened: 1,
    satisfaction: 'poor',
    solved: false,
    finishBy: local('2026-03-25T17:30'),
  })
  expect(scene.case(id).fields.checkedAt).toBeUndefined()
  scene.yes(wen, 'handled', id, { result: '支渠也清了', proofAddress: '支渠' })
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  expect(scene.no(liu, 'closed', id)).toContain('先回访')
  scene.yes(liu, 'called-back', id, { reached: 'yes', solved: true, satisfaction: 'very-good' })
  scene.yes(liu, 'closed', id)
  await scene.close()
})

test('three calls in vain are enough to close, two are not', async () => {
  const scene = march()
  const id = inHand(scene)
  scene.yes(wen, 'handled', id, { result: '清理了', proofAddress: '主渠' })
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  for (let call = 1; call <= 2; call++) scene.yes(liu, 'called-back', id, { reached: 'no' })
  expect(scene.no(liu, 'closed', id)).toContain('先回访')
  scene.yes(liu, 'called-back', id, { reached: 'no' })
  scene.yes(liu, 'closed', id)
  expect(scene.case(id).fields.satisfaction).toBeUndefined()
  await scene.close()
})

test('a closed case reopens within thirty days and not after', async () => {
  const scene = march()
  const id = reportedDitch(scene, { phone: undefined, reporter: undefined })
  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  scene.yes(liu, 'assigned', id, { handler: 'township' })
  scene.yes(wen, 'signed', id, { worker: '文斌' })
  scene.yes(wen, 'handled', id, { result: '清了', proofAddress: '主渠' })
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  scene.yes(liu, 'closed', id)
  scene.turnTo('2026-03-25T09:00')
  scene.yes(liu, 'reopened', id, { reason: '又堵了' })
  expect(scene.case(id).fields).toMatchObject({ state: 'assigned', reopened: 1 })
  scene.yes(wen, 'signed', id, { worker: '文斌' })
  scene.yes(wen, 'handled', id, { result: '再清', proofAddress: '主渠' })
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  scene.yes(liu, 'closed', id)
  scene.turnTo('2026-05-06T09:00')
  expect(scene.no(liu, 'reopened', id, { reason: '又堵了' })).toContain('超过 30 天')
  await scene.close()
})

test('a pause stops the clock and gives back what was left', async () => {
  const scene = march()
  scene.turnTo('2026-03-05T10:00')
  const id = inHand(scene)
  scene.turnTo('2026-03-09T08:00')
  scene.yes(liu, 'paused', id, { pauseReason: 'season', pauseNote: '汛期高水位,无法清淤' })
  // Monday and Tuesday were left: fourteen hours of office time.
  expect(scene.case(id).fields).toMatchObject({ state: 'paused', minutesLeft: 14 * 60 })
  expect(leftWords(clockNow(scene.case(id).fields, local('2026-06-01T09:00'))!).zh).toBe('停表')
  expect(scene.no(wen, 'handled', id, { result: '清了', proofAddress: '主渠' })).toContain('挂账')
  scene.turnTo('2026-07-06T08:00')
  scene.yes(liu, 'resumed', id)
  expect(scene.case(id).fields.finishBy).toBe(local('2026-07-07T17:30'))
  await scene.close()
})

test('an extension is given once, in time, and for no longer than the first limit', async () => {
  const scene = march()
  const id = inHand(scene)
  expect(scene.no(liu, 'extended', id, { more: 4, extension: '下雨' })).toContain('最多延长 3')
  scene.yes(liu, 'extended', id, { more: 2, extension: '连续下雨,机械进不去' })
  expect(scene.case(id).fields.finishBy).toBe(local('2026-03-12T17:30'))
  expect(scene.no(liu, 'extended', id, { more: 1, extension: '还在下雨' })).toContain('已经延过一次')
  const late = inHand(scene)
  scene.turnTo('2026-03-11T09:00')
  expect(scene.no(liu, 'extended', late, { more: 1, extension: '忘了' })).toContain('已过办结期限')
  await scene.close()
})

test('a second report of the same ditch is merged, never into itself or in a ring', async () => {
  const scene = march()
  const first = reportedDitch(scene)
  const second = reportedDitch(scene, { content: '水葫芦把渠堵了' })
  expect(scene.no(liu, 'merged', second, { into: second })).toContain('不能并入自己')
  scene.yes(liu, 'merged', second, { into: first })
  expect(scene.case(second).fields).toMatchObject({ state: 'merged', duplicateOf: first })
  expect(scene.no(liu, 'merged', first, { into: second })).toContain('已经并入别的案卷')
  expect(scene.no(liu, 'filed', second, { category: scene.category('A03'), level: 'blue' })).toContain(
    '已并案',
  )
  await scene.close()
})

test('time itself escalates: once at each step, however often the scheduler looks', async () => {
  const scene = march()
  scene.turnTo('2026-03-05T09:00')
  const id = reportedDitch(scene)
  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  scene.yes(liu, 'assigned', id, { handler: 'township' })
  const system = scene.desk(scene.store.system)
  const look = async (moment: string) => {
    scene.turnTo(moment)
    return (await escalateDue(system, scene.now())).length
  }
  expect(await look('2026-03-06T17:29')).toBe(0)
  // A prefecture that holds a copy looks on: escalating is the county's.
  scene.turnTo('2026-03-06T17:31')
  const prefecture = scene.desk({ ...scene.store.system, division: '4309' })
  expect(await escalateDue(prefecture, scene.now())).toEqual([])
  expect(await look('2026-03-06T17:31')).toBe(1)
  expect(await look('2026-03-06T17:32')).toBe(0)
  expect(scene.case(id).fields.escalated).toBe(1)
  expect(await look('2026-03-10T17:31')).toBe(1)
  expect(await look('2026-03-13T18:00')).toBe(1)
  expect(await look('2026-03-20T18:00')).toBe(0)
  expect(await dueCases(system, scene.now())).toEqual([])
  expect(scene.case(id).fields.escalated).toBe(3)
  expect(scene.diary(id).filter((name) => name === 'cases.case.escalated')).toHaveLength(3)
  expect(scene.no(liu, 'escalated', id, { step: 3 })).toContain('自动产生')
  await scene.close()
})

test('an urgent case must be answered within two hours, day or night', async () => {
  const scene = march()
  scene.turnTo('2026-03-07T22:00')
  const id = reportedDitch(scene, { level: 'orange' })
  scene.yes(liu, 'filed', id, { category: scene.category('C04'), level: 'orange' })
  scene.yes(liu, 'assigned', id, { handler: 'township' })
  expect(scene.case(id).fields).toMatchObject({
    signBy: local('2026-03-07T23:00'),
    respondBy: local('2026-03-08T00:00'),
    finishBy: local('2026-03-08T02:00'),
  })
  const words = (moment: string) =>
    clocksOf(scene.case(id).fields, local(moment)).map((clock) => leftWords(clock).zh)
  expect(words('2026-03-07T22:30')).toEqual(['还剩 30 分钟', '还剩 1 小时', '还剩 3 小时'])
  expect(words('2026-03-10T03:00')).toEqual(['已超 2 天', '已超 2 天', '已超 2 天'])
  scene.turnTo('2026-03-08T01:00')
  scene.yes(wen, 'signed', id, { worker: '文斌' })
  scene.yes(wen, 'responded', id, { response: '到场' })
  expect(scene.case(id).fields.respondedOnTime).toBe(false)
  expect(words('2026-03-08T01:00')[1]).toBe('晚 1 小时')
  await scene.close()
})

test('the caller’s name and number are masked on every desk, and the call-back still knows there is one', async () => {
  const scene = march()
  const id = inHand(scene)
  scene.yes(wen, 'handled', id, { result: '清理了', proofAddress: '主渠' })
  scene.yes(liu, 'checked', id, { outcome: 'pass' })
  const seen = (await scene.desk(liu).read('cases.case', id))!
  expect(seen.fields).toMatchObject({ phone: '138****2345', reporter: '王**' })
  expect(scene.desk(liu).verbs('cases.case', seen)[0]!.name).toBe('cases.case.called-back')
  await scene.close()
})

test('each person is offered their own next step first', async () => {
  const scene = march()
  const offered = async (actor: typeof liu | typeof wen, id: string) => {
    const desk = scene.desk(actor)
    return desk
      .verbs('cases.case', await desk.read('cases.case', id))
      .map((verb) => verb.name.split('.').at(-1))
  }
  const id = reportedDitch(scene)
  expect((await offered(liu, id))[0]).toBe('filed')
  expect(await offered(wen, id)).toEqual([])
  scene.yes(liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  expect((await offered(liu, id))[0]).toBe('assigned')
  scene.yes(liu, 'assigned', id, { handler: 'township' })
  expect(await offered(wen, id)).toEqual(['signed', 'returned'])
  expect(await offered(liu, id)).toEqual(['urged'])
  scene.yes(wen, 'signed', id, { worker: '文斌' })
  expect((await offered(wen, id))[0]).toBe('handled')
  await scene.close()
})

test('two cases on one day never share a number, though their ids end alike', async () => {
  const scene = march()
  const one = scene.act(liu, {
    id: '019cbb10-0000-7000-8000-000000000007',
    name: 'cases.case.reported',
    fields: ditch,
  })
  const two = scene.act(liu, {
    id: '019cbb10-0000-7000-8000-100000000007',
    name: 'cases.case.reported',
    fields: ditch,
  })
  expect([one, two].map((each) => scene.case(each.record!).fields.number)).toEqual([
    '430981-20260305-00007',
    '430981-20260305-00008',
  ])
  await scene.close()
})
