// Which matters this box knows. Deleting a module's folder and its line here removes it.

import type { Module } from '../http/module.ts'
import { agri } from './agri/index.ts'
import { base } from './base/index.ts'

export const modules: Module[] = [base, agri]
