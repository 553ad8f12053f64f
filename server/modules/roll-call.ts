// Which matters this box knows. Deleting a module's folder and its line here removes it.

import type { Module } from '../http/module.ts'

export const modules: Module[] = []
