import type { Actor } from '../../server/kernel/access.ts'
import { caowei } from './places.ts'

export interface SampleLogin {
  name: string
  title: string
  roles: string[]
  division: string
  /** What the printed list says of them. */
  who: { zh: string; en: string }
  password: string
  /** Bound to the co-operative of the tour; see `seed()` for its id. */
  ofCoop?: true
}

const password = 'Dongting-2026'

/** The five people of the tour. Their password is printed at the first start and is no secret. */
export const sampleLogins: SampleLogin[] = [
  {
    name: 'admin',
    title: '系统管理员',
    roles: ['administrator'],
    division: '430981',
    who: { zh: '管理员', en: 'Administrator' },
    password,
  },
  {
    name: 'liujianguo',
    title: '刘建国',
    roles: ['department-clerk'],
    division: '430981',
    who: { zh: '农业农村局经办', en: 'Clerk at the agriculture bureau' },
    password,
  },
  {
    name: 'wenbin',
    title: '文斌',
    roles: ['township-worker'],
    division: caowei.code,
    who: { zh: '草尾镇工作人员', en: 'Township worker in Caowei' },
    password,
  },
  {
    name: 'zhoumei',
    title: '周梅',
    roles: ['trace-clerk'],
    division: caowei.code,
    who: { zh: '合作社溯源录入员', en: 'Traceability clerk of a co-operative' },
    password,
    ofCoop: true,
  },
  {
    name: 'leader',
    title: '张县长',
    roles: ['leader'],
    division: '430981',
    who: { zh: '领导', en: 'County leader' },
    password,
  },
]

export const actorOf = (name: string, entity?: string): Actor => {
  const login = sampleLogins.find((each) => each.name === name)!
  return {
    id: login.name,
    name: login.title,
    roles: login.roles,
    division: login.division,
    lang: 'zh',
    ...(entity && { entity }),
  }
}
