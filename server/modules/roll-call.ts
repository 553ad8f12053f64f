// Which matters this box knows. Deleting a module's folder and its line here removes it.

import type { Module } from '../http/module.ts'
import { agri } from './agri/index.ts'
import { base } from './base/index.ts'
import { casework } from './cases/index.ts'
import { ownRegisters } from './county-datasets/index.tsx'
import { map } from './map/index.tsx'
import { operations } from './operations/index.tsx'
import { sensing } from './sensing/index.ts'

export const modules: Module[] = [base, agri, sensing, casework, map, operations, ownRegisters]
