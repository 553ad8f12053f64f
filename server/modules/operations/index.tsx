import type { Module } from '../../http/module.ts'
import { showLeader } from './leader.tsx'
import { sendFigures, showMeasure, showRecordsBehind } from './measure-page.tsx'
import { showAsOf, showNumbers, showPart } from './numbers-page.tsx'
import { showWall } from './wall.tsx'

/** The operations centre: all numbers with their definitions, one page for leaders, one screen for the wall. */
export const operations: Module = {
  name: 'operations',
  title: { zh: '运行中心', en: 'Operations' },
  menu: [
    { place: 'numbers', title: { zh: '指标', en: 'Numbers' }, path: '/numbers', needs: 'may:numbers' },
    { place: 'numbers', title: { zh: '领导一屏', en: 'At a glance' }, path: '/leader', needs: 'may:numbers' },
    { place: 'numbers', title: { zh: '大屏', en: 'Big screen' }, path: '/screen', needs: 'may:numbers' },
  ],
  grants: [
    { role: 'leader', may: ['numbers'] },
    { role: 'department-clerk', may: ['numbers'] },
    { role: 'township-worker', may: ['numbers'] },
  ],
  pages(app) {
    app.get('/numbers', showNumbers)
    app.get('/numbers/as-of', showAsOf)
    app.get('/numbers/part/:module', showPart)
    app.get('/numbers/:measure', showMeasure)
    app.get('/numbers/:measure/records', showRecordsBehind)
    app.get('/numbers/:measure/figures.csv', sendFigures)
    app.get('/leader', showLeader)
    app.get('/screen', showWall)
  },
}
