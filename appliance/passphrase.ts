import { readFileSync } from 'node:fs'
import { refuse } from '../server/kernel/refusal.ts'
import type { Call } from './call.ts'

/** From XIANHE_PASSPHRASE, the file the settings name, or the keyboard; never from a flag, which others could read. */
export async function passphraseFor(call: Call, twice: boolean): Promise<string> {
  const file = call.settings['backup.passphrase']
  const given =
    call.secrets['passphrase'] ?? (file ? readFileSync(call.path(file), 'utf8').trim() : undefined)
  if (given) return given
  if (!process.stdin.isTTY)
    refuse({
      zh: '备份用口令加密。请设环境变量 XIANHE_PASSPHRASE,或用 --backup-passphrase 指定口令文件。',
      en: 'Backups are sealed with a passphrase. Set XIANHE_PASSPHRASE, or name a file with --backup-passphrase.',
    })
  const typed = await typeUnseen(call.t({ zh: '口令: ', en: 'Passphrase: ' }))
  if (typed.length < 8)
    refuse({
      zh: '口令至少 8 个字符。丢了口令,备份就打不开,请另外保存好。',
      en: 'Use at least 8 characters. Without it the backup cannot be opened: keep it elsewhere.',
    })
  if (twice && (await typeUnseen(call.t({ zh: '再输一次: ', en: 'Once more: ' }))) !== typed)
    refuse({ zh: '两次输入的口令不同,请再来一次。', en: 'The two differ; try again.' })
  return typed
}

function typeUnseen(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(prompt)
  stdin.setRawMode(true)
  stdin.resume()
  return new Promise((resolve) => {
    let typed = ''
    const done = () => {
      stdin.off('data', take)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      resolve(typed)
    }
    const take = (chunk: Buffer) => {
      for (const key of chunk.toString()) {
        if (key === '\r' || key === '\n') return done()
        if (key === '\u0003') process.exit(130)
        typed = key === '\u007f' ? typed.slice(0, -1) : typed + key
      }
    }
    stdin.on('data', take)
  })
}
