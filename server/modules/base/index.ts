import { divisionCodes } from '../../../seed/codes/index.ts'
import type { Module } from '../../http/module.ts'
import { divisions, entities, people } from './dataset.ts'
import { grants, roles } from './roles.ts'

/** What every other matter refers to: divisions, legal entities, people, and who works here. */
export const base: Module = {
  name: 'base',
  title: { zh: '基础库', en: 'Base registers' },
  datasets: [divisions, entities, people],
  codes: [divisionCodes],
  roles,
  grants,
}
