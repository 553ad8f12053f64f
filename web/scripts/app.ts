// What every office page loads. Each line is one habit of the page; without scripts the page still works, only plainer.

import htmx from './htmx-global.ts'
import 'htmx.org/dist/ext/hx-sse.min.js'
import { alpine } from './alpine-when-needed.ts'
import { askOnly } from './ask-only.ts'
import { checkFields } from './check-fields.ts'
import { fieldLine } from './field-line.ts'
import { keepDrafts } from './keep-drafts.ts'
import { keyboard } from './keyboard.ts'
import { live } from './live.ts'
import { menus } from './menus.ts'
import { pickRecords } from './pick-record.ts'
import { requests } from './requests.ts'
import { showFaults } from './show-faults.ts'
import { showFiles } from './show-files.ts'
import { stepForms } from './step-form.ts'
import { tableRows } from './table-rows.ts'

document.documentElement.classList.add('scripted')

requests()
keyboard()
menus()
tableRows()
checkFields()
keepDrafts()
stepForms()
pickRecords()
showFiles()
askOnly()
showFaults()
live(htmx)
fieldLine()
alpine()
