import { statSync } from 'node:fs'
import { join } from 'node:path'
import { backUp, restore as restoreFrom } from '../backup.ts'
import { type Call, Failed } from '../call.ts'
import { visit } from '../data-directory.ts'
import { passphraseFor } from '../passphrase.ts'
import { programVersion } from '../version.ts'

/** One sealed file with everything that cannot be computed again, proved by reading it back. */
export async function backup(call: Call) {
  const data = visit(call.settings.data)
  const to = call.flag('to')
  if (!to) throw call.wrongUse({ zh: '少了 --to FILE。', en: '--to FILE is missing.' })
  const passphrase = await passphraseFor(call, true)
  const proved = await backUp(data, named(call.path(to)), passphrase, programVersion)
  const rows = Object.values(proved.rows).reduce(
    (sum, tables) => sum + Object.values(tables).reduce((a, b) => a + b, 0),
    0,
  )
  call.report(proved, [
    call.t({
      zh: `已备份到 ${proved.file}: ${mb(proved.bytes)} MB,${proved.entries} 个文件,${rows} 行,用时 ${proved.seconds.toFixed(1)} 秒;已读回、解密、核对行数,可以恢复。`,
      en: `Backed up to ${proved.file}: ${mb(proved.bytes)} MB, ${proved.entries} files, ${rows} rows in ${proved.seconds.toFixed(1)} s; read back, opened and counted: it restores.`,
    }),
  ])
  complainOf(call, proved.damaged)
}

/** A new data directory from a backup. */
export async function restore(call: Call) {
  const file = call.path(call.arg(0, 'FILE'))
  statSync(file)
  if (call.settings.origins.data === 'default')
    throw call.wrongUse({
      zh: '请用 --data 指定恢复到哪个空目录。',
      en: 'Say with --data into which empty directory.',
    })
  const passphrase = await passphraseFor(call, false)
  const restored = await restoreFrom(file, passphrase, call.settings.data)
  call.report({ ...restored, data: call.settings.data }, [
    call.t({
      zh: `已恢复到 ${call.settings.data}(${restored.created} 的备份)。这是一个新的数据库身份,上下级会看到。运行: xianhe serve --data ${call.settings.data}`,
      en: `Restored to ${call.settings.data} (backup of ${restored.created}). It has a new database id, and peers will notice. Run: xianhe serve --data ${call.settings.data}`,
    }),
  ])
  complainOf(call, restored.damaged)
}

/** A directory gets a name by the day, so that a stick can hold many. */
function named(to: string): string {
  const isDirectory = statSync(to, { throwIfNoEntry: false })?.isDirectory()
  return isDirectory
    ? join(to, `xianhe-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}.xhb`)
    : to
}

const mb = (bytes: number) => (bytes / 1e6).toFixed(1)

function complainOf(call: Call, damaged: string[]) {
  for (const path of damaged)
    call.complain({
      zh: `附件 ${path} 的内容已损坏(与哈希不符),已原样带上。`,
      en: `The attachment ${path} is damaged (its hash does not match); it was carried as it is.`,
    })
  if (damaged.length > 0) throw new Failed()
}
