import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parquetBy } from '../../server/analytics/parquet.ts'
import { exportRecords, type Format, formats } from '../../server/http/transfer/export-records.ts'
import { BoxDesk } from '../../server/kernel/box-desk.ts'
import { withAnalytics } from '../analytics-at-hand.ts'
import type { Call } from '../call.ts'
import { consoleActor } from '../open.ts'

/** A dataset as a file: in the current directory under its own name, or where `--to` says. */
export async function exportRows(call: Call) {
  const { store, data } = call.open
  const dataset = call.arg(0, 'DATASET')
  const format = (call.flag('format') ?? 'csv') as Format
  if (!formats.includes(format))
    throw call.wrongUse({
      zh: `没有格式“${format}”,可用 ${formats.join('、')}。`,
      en: `There is no format "${format}": ${formats.join(', ')}.`,
    })
  const desk = new BoxDesk(store, consoleActor(store))
  const query = { division: call.flag('scope') }
  const write = async (parquet?: ReturnType<typeof parquetBy>) => {
    const exported = await exportRecords(desk, dataset, format, { query, lang: call.lang, parquet })
    const file = call.path(call.flag('to') ?? exported.name)
    const out = createWriteStream(file, { flags: 'w' })
    await pipeline(Readable.fromWeb(exported.stream as never), out)
    return { file, bytes: out.bytesWritten }
  }
  const written =
    format === 'parquet'
      ? await withAnalytics(call.open, (ask) => write(parquetBy(data.derived, ask)))
      : await write()
  call.report({ dataset, format, ...written }, [
    call.t({
      zh: `已写到 ${written.file}(${written.bytes} 字节)。`,
      en: `Written to ${written.file} (${written.bytes} bytes).`,
    }),
  ])
}
