import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { badRows, type ImportReport, importFile } from '../../server/http/transfer/import-file.ts'
import { type Call, Failed } from '../call.ts'
import { consoleActor } from '../open.ts'

/** A file of rows becomes acts: good rows go in, bad ones are listed, the same file again changes nothing. */
export async function importRows(call: Call) {
  const { store } = call.open
  const dataset = call.arg(0, 'DATASET')
  const file = call.path(call.arg(1, 'FILE'))
  const report = await importFile(store, consoleActor(store), dataset, {
    name: basename(file),
    bytes: readFileSync(file),
  })
  call.report(report, linesOf(call, report))
  if (report.bad.length > 0) throw new Failed()
}

function linesOf(call: Call, report: ImportReport): string[] {
  const { t } = call
  return [
    ...report.bad.map((row) =>
      t({
        zh: `第 ${row.line} 行${row.column ? `“${row.column}”` : ''}: ${row.reason.zh}`,
        en: `line ${row.line}${row.field ? `, ${row.field}` : ''}: ${row.reason.en}`,
      }),
    ),
    ...(report.unknown.length > 0
      ? [
          t({
            zh: `没有对应字段、未导入的列: ${report.unknown.join('、')}`,
            en: `Columns no field matches, left out: ${report.unknown.join(', ')}`,
          }),
        ]
      : []),
    t({
      zh: `${report.file}: ${report.rows} 行,新增 ${report.created},修改 ${report.amended},没变 ${report.unchanged},未导入 ${badRows(report)}。`,
      en: `${report.file}: ${report.rows} rows, ${report.created} created, ${report.amended} amended, ${report.unchanged} unchanged, ${badRows(report)} not imported.`,
    }),
  ]
}
