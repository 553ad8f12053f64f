// Code lists as data. Each file says where it comes from and how far it was checked: verified, secondary or memory.

import type { CodeList } from '../../server/kernel/fields.ts'
import crops from './crops.json' with { type: 'json' }
import divisions from './divisions.json' with { type: 'json' }

export const divisionCodes: CodeList = divisions
export const cropCodes: CodeList = crops
