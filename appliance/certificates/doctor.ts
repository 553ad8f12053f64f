// The certificates line of `xianhe doctor`, from the files alone: it is true whether the box runs or not.

import { existsSync, statSync } from 'node:fs'
import { timeText, type Words } from '../../server/kernel/words.ts'
import { taken } from '../addresses.ts'
import type { DataDirectory } from '../data-directory.ts'
import { askHealth } from '../door.ts'
import type { Finding } from '../finding.ts'
import { type Settings, secureDoors } from '../settings.ts'
import { type Authority, readAuthority, readSealed, type Sealed } from './authority.ts'
import { authorityFile, serverFile } from './files.ts'
import { allowed, whyRenew } from './keep.ts'
import { namesOf, thisMachine } from './names.ts'

export async function certificates(
  data: DataDirectory,
  wished: Settings,
  machine = thisMachine,
  now = Date.now(),
): Promise<Finding> {
  const about = { zh: '证书', en: 'certificates' }
  const settings = secureDoors(wished)
  const look = (says: Words, cure: Words): Finding => ({ about, state: 'look', says, cure })
  const bad = (says: Words, cure: Words): Finding => ({ about, state: 'bad', says, cure })
  const restart: Words = {
    zh: '重启县盒会自动换新;仍不好时删去 keys/server.pem 再启动。',
    en: 'Restart the box and it makes a new one; if that does not help, delete keys/server.pem and start again.',
  }
  if (settings['https.port'] === 'off')
    return { about, state: 'good', says: { zh: '安全连接按设置未开', en: 'secure pages are off, as set' } }
  const file = authorityFile(data.keys)
  if (!existsSync(file))
    return look(
      { zh: '还没有根证书', en: 'no authority yet' },
      {
        zh: '运行一次 xianhe serve 会自动生成;若曾有过,请先从备份恢复 keys/authority.pem,否则手机都要重新设置。',
        en: 'xianhe serve makes one; if there was one, first restore keys/authority.pem from a backup, or every phone must join anew.',
      },
    )
  let authority: Authority
  let server: Sealed
  try {
    authority = readAuthority(file)
  } catch (error) {
    return bad(
      { zh: `根证书读不出: ${(error as Error).message}`, en: (error as Error).message },
      {
        zh: '从备份恢复 keys/authority.pem 再启动。没有备份时删去它:会生成新的,手机和电脑都要到 /join 重做一次。',
        en: 'Restore keys/authority.pem from a backup and start again. Without one, delete it: a new one is made, and every phone and PC must join anew.',
      },
    )
  }
  const open = [file, serverFile(data.keys)].find((each) => existsSync(each) && statSync(each).mode & 0o077)
  if (open)
    return bad(
      { zh: `别的用户也能读 ${open}`, en: `other users can read ${open}` },
      { zh: `运行 chmod 600 ${open}`, en: `Run chmod 600 ${open}` },
    )
  try {
    server = readSealed(serverFile(data.keys))
  } catch {
    return look({ zh: '服务证书缺失或损坏', en: 'the server certificate is missing or damaged' }, restart)
  }
  const wishedNames = namesOf(machine, settings['https.names'].split(','))
  const names = allowed(wishedNames, authority)
  const why = whyRenew(server, authority, names, now)
  const fingerprint = `SHA-256 ${authority.sha256.replaceAll(':', '').replaceAll(/.{4}(?=.)/g, '$& ')}`
  if (why)
    return look({ zh: `服务证书该换了(${why})`, en: `the server certificate needs renewal: ${why}` }, restart)
  const beyond = settings['https.names']
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .filter((each) => each && wishedNames.dns.includes(each) && !names.dns.includes(each))
  if (beyond.length > 0)
    return look(
      {
        zh: `根证书不能为 ${beyond.join('、')} 作证`,
        en: `the authority may not vouch for ${beyond.join(', ')}`,
      },
      {
        zh: '根证书生成之后才加的外部域名不在其范围内。请改用局域网地址;一定要用时,停机、移走 keys/authority.pem 再启动,手机和电脑都要重做一次。',
        en: 'A name outside the LAN that was added after the authority was made. Use a LAN address; or stop, move keys/authority.pem away and start, and every device joins anew.',
      },
    )
  const running = (await askHealth(data)) as { parts: Record<string, unknown> } | undefined
  if (running && !running.parts['https'] && (await taken(settings.host, settings['https.port'])))
    return look(
      {
        zh: `端口 ${settings['https.port']} 被别的程序占用,安全连接没有开`,
        en: `port ${settings['https.port']} is taken: there are no secure pages`,
      },
      {
        zh: '停掉那个程序再重启县盒,或用 --https-port 换一个端口。',
        en: 'Stop that program and restart the box, or choose another port with --https-port.',
      },
    )
  const until = server.read.validToDate.toISOString()
  return {
    about,
    state: 'good',
    says: {
      zh: `服务证书至 ${timeText(until, 'zh')},自动换新;根证书 ${fingerprint}`,
      en: `server certificate until ${timeText(until, 'en')}, renewed by itself; authority ${fingerprint}`,
    },
  }
}
