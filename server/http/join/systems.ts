// Which kind of machine somebody holds, from what its browser says of itself. Only a first guess: every other system is
// one tap away on the page.

import type { Words } from '../../kernel/words.ts'

export const systems = {
  windows: { zh: 'Windows 10 / 11', en: 'Windows 10 / 11' },
  windows7: { zh: 'Windows 7', en: 'Windows 7' },
  android: { zh: '安卓 / 鸿蒙手机', en: 'Android phone' },
  ios: { zh: '苹果手机 / 平板', en: 'iPhone / iPad' },
  linux: { zh: '麒麟 / 统信 UOS', en: 'Kylin / UOS / Linux' },
  macos: { zh: '苹果电脑', en: 'Mac' },
} satisfies Record<string, Words>

export type System = keyof typeof systems

export function systemOf(userAgent: string): System | undefined {
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'ios'
  if (/Android|HarmonyOS|OpenHarmony/i.test(userAgent)) return 'android'
  if (/Windows NT 6\.1/.test(userAgent)) return 'windows7'
  if (/Windows NT/.test(userAgent)) return 'windows'
  if (/Macintosh|Mac OS X/.test(userAgent)) return 'macos'
  if (/Linux|X11|UOS|Kylin/i.test(userAgent)) return 'linux'
  return undefined
}

/** Browsers inside other apps can neither keep a certificate nor work out of reach. */
export function insideOf(userAgent: string): Words | undefined {
  if (/MicroMessenger/i.test(userAgent)) return { zh: '微信', en: 'WeChat' }
  if (/DingTalk/i.test(userAgent)) return { zh: '钉钉', en: 'DingTalk' }
  if (/\bQQ\//.test(userAgent)) return { zh: 'QQ', en: 'QQ' }
  return undefined
}
