// County departments that cases are given to. Names only: 机构代码 differ by reform and are filled in by the county.

import type { CodeList } from '../../kernel/fields.ts'

export const units: CodeList = {
  name: 'cases.unit',
  title: { zh: '承办部门', en: 'Departments' },
  codes: {
    'city-administration': { zh: '城市管理和综合执法局', en: 'City administration bureau' },
    housing: { zh: '住房和城乡建设局', en: 'Housing and construction bureau' },
    transport: { zh: '交通运输局', en: 'Transport bureau' },
    water: { zh: '水利局', en: 'Water bureau' },
    agriculture: { zh: '农业农村局', en: 'Agriculture bureau' },
    environment: { zh: '生态环境分局', en: 'Environment bureau' },
    emergency: { zh: '应急管理局', en: 'Emergency bureau' },
    market: { zh: '市场监督管理局', en: 'Market regulation bureau' },
    'public-security': { zh: '公安局', en: 'Public security bureau' },
    forestry: { zh: '林业局', en: 'Forestry bureau' },
    'natural-resources': { zh: '自然资源局', en: 'Natural resources bureau' },
    health: { zh: '卫生健康局', en: 'Health bureau' },
    education: { zh: '教育局', en: 'Education bureau' },
    'civil-affairs': { zh: '民政局', en: 'Civil affairs bureau' },
    'human-resources': { zh: '人力资源和社会保障局', en: 'Human resources bureau' },
    fishery: { zh: '畜牧水产事务中心', en: 'Livestock and fishery centre' },
    power: { zh: '供电公司', en: 'Power company' },
    'water-supply': { zh: '自来水公司', en: 'Water supply company' },
    telecom: { zh: '通信运营企业', en: 'Telecom operators' },
  },
}
