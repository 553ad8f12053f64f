// One next step for each batch: what to do, or the day from which it can be done.

import type { Look } from '../../kernel/acts.ts'
import { numberText, type Words } from '../../kernel/words.ts'
import { certifiable } from './certify.ts'
import { cropWords } from './crops.ts'
import { dayWords } from './days.ts'
import { earliestHarvest, unknownWords, usesOn, useUnknown } from './safety.ts'
import type { Batch } from './state.ts'

export interface NextStep {
  /** The button. Absent when there is nothing to press now. */
  button?: Words
  path?: string
  /** Why, or since when, in a sentence. */
  note: Words
  tone: 'plain' | 'info' | 'good' | 'warn' | 'bad'
  /** Harvest possible from this day. */
  from?: string
}

export function nextStep(look: Look, batch: Batch, today: string): NextStep {
  const to = (verb: string) => `/d/agri.batch/${batch.id}/do/${verb}`
  const uses = usesOn(look, batch)
  const unknown = useUnknown(uses, '9999-12-31')
  const left = certifiable(look, batch, today)
  const kilos = numberText(left / 1000)
  switch (batch.fields.state) {
    case 'growing': {
      const earliest = earliestHarvest(uses)
      if (earliest && earliest > today) {
        const day = dayWords(earliest, today)
        return {
          button: recordWork,
          path: to('farm-work-recorded'),
          note: {
            zh: `安全间隔期内,最早 ${day.zh}可采收`,
            en: `Inside the safety interval; harvest from ${day.en}`,
          },
          tone: 'warn',
          from: earliest,
        }
      }
      if (unknown)
        return {
          button: recordWork,
          path: to('farm-work-recorded'),
          note: unknownWords(unknown, cropWords(batch.fields.crop), today),
          tone: 'warn',
        }
      const days = Math.round((Date.parse(today) - Date.parse(batch.fields.started)) / 86_400_000)
      const since =
        days === 0 ? { zh: '今天开的批次', en: 'Begun today' } : { zh: `第 ${days} 天`, en: `Day ${days}` }
      // Nothing is ripe after three weeks but sprouts: until then the field work is what there is to write.
      if (days < 21)
        return {
          button: recordWork,
          path: to('farm-work-recorded'),
          note: since,
          tone: 'plain',
          from: earliest,
        }
      return {
        button: { zh: '登记采收', en: 'Record a harvest' },
        path: to('harvested'),
        note: { zh: `${since.zh},没有间隔期限制`, en: `${since.en}; no interval in the way` },
        tone: 'good',
        from: earliest,
      }
    }
    case 'harvested':
      if (unknown) return { note: unknownWords(unknown, cropWords(batch.fields.crop), today), tone: 'warn' }
      return {
        button: { zh: '登记检测', en: 'Record an inspection' },
        path: to('inspected'),
        note: { zh: `已采收 ${kilos} 公斤,待检测或开证`, en: `${kilos} kg harvested; test or certify` },
        tone: 'info',
      }
    case 'inspected':
      return {
        button: { zh: '开具合格证', en: 'Issue a certificate' },
        path: `${to('certified')}?quantity=${left / 1000}`,
        note: { zh: `检测合格,可开具 ${kilos} 公斤`, en: `Passed; ${kilos} kg can be certified` },
        tone: 'info',
      }
    case 'certified':
      if (left > 0)
        return {
          button: { zh: '开具合格证', en: 'Issue a certificate' },
          path: `${to('certified')}?quantity=${left / 1000}`,
          note: { zh: `还可开具 ${kilos} 公斤`, en: `${kilos} kg left to certify` },
          tone: 'info',
        }
      return {
        button: { zh: '结束批次', en: 'Close the batch' },
        path: to('closed'),
        note: { zh: '已全部开证', en: 'All of it is certified' },
        tone: 'good',
      }
    case 'held':
      return {
        note: { zh: `隔离:${batch.fields.held ?? ''}`, en: `Held: ${batch.fields.held ?? ''}` },
        tone: 'bad',
      }
    default:
      return { note: { zh: '已结束', en: 'Closed' }, tone: 'plain' }
  }
}

const recordWork = { zh: '记农事', en: 'Record farm work' }
