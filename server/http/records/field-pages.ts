// The pages that a field device carries: everything here reaches records through the desk alone, and imports nothing that
// only the box has. The box and the service worker mount the same routes.

import type { App } from '../module.ts'
import { amendRecord, saveAmendedRecord } from './amend-record.tsx'
import { askStep, doStep } from './do-verb.tsx'
import { listRecords } from './list-records.tsx'
import { newRecord, saveNewRecord } from './new-record.tsx'
import { pickCode, pickDivision, pickRecord } from './pick.tsx'
import { mapOf, placesOf } from './places.tsx'
import { askReason, revealRecord } from './reveal-record.tsx'
import { showHistory, showRecord } from './show-record.tsx'
import { searchAll, showMenu, showRegisters, showToday } from './today.tsx'
import { askWithdraw, doToMany, withdrawRecord } from './withdraw-record.tsx'

export function fieldPages(app: App) {
  app.get('/', showToday)
  app.get('/menu', showMenu)
  app.get('/registers', showRegisters)
  app.get('/search', searchAll)
  app.get('/pick/codes/:list', pickCode)
  app.get('/pick/divisions', pickDivision)
  app.get('/pick/:dataset', pickRecord)

  app.get('/d/:dataset', listRecords)
  app.post('/d/:dataset', saveNewRecord)
  app.get('/d/:dataset/new', newRecord)
  app.get('/d/:dataset/map', mapOf)
  app.get('/d/:dataset/places.geojson', placesOf)
  app.post('/d/:dataset/bulk/:verb', doToMany)
  app.get('/d/:dataset/do/:verb', askStep)
  app.post('/d/:dataset/do/:verb', doStep)
  app.get('/d/:dataset/:id', showRecord)
  app.get('/d/:dataset/:id/history', showHistory)
  app.get('/d/:dataset/:id/amend', amendRecord)
  app.post('/d/:dataset/:id/amend', saveAmendedRecord)
  app.get('/d/:dataset/:id/withdraw', askWithdraw)
  app.post('/d/:dataset/:id/withdraw', withdrawRecord)
  app.get('/d/:dataset/:id/do/:verb', askStep)
  app.post('/d/:dataset/:id/do/:verb', doStep)
  app.get('/d/:dataset/:id/reveal', (c) => askReason(c))
  app.post('/d/:dataset/:id/reveal', revealRecord)
}
