// How each system comes to trust the county's authority: few steps, one sentence each, a picture of what appears. The
// order and the words follow the dialogs of the systems themselves.

import type { Child } from 'hono/jsx'
import type { Say } from '../../kernel/words.ts'
import { Choice, Dialog, Key, Paper, Phone, Picture, Row, Words } from './drawings.tsx'
import type { System } from './systems.ts'

export interface Step {
  say: string
  /** When it looks otherwise. */
  also?: string
  picture?: Child
  /** The button that hands the certificate over stands in this step. */
  take?: { title: string; path: string }
}

export interface About {
  t: Say
  /** 沅江市县盒根证书 */
  name: string
  sha1: string
  /** Where the pages are now, for people who must type it. */
  address: string
}

export function stepsFor(system: System, about: About): Step[] {
  return ways[system](about)
}

const crt = '/join/xianhe-ca.crt'
const file = 'xianhe-ca.crt'

const ways: Record<System, (about: About) => Step[]> = {
  windows: (about) => [
    takeOnPc(about),
    windowsOpen(about),
    windowsStore(about, { place: true }),
    windowsRoot(about),
    windowsYes(about),
  ],
  windows7: (about) => [
    takeOnPc(about),
    windowsOpen(about),
    windowsStore(about, { place: false }),
    windowsRoot(about),
    windowsYes(about),
  ],
  android: androidSteps,
  ios: iosSteps,
  linux: linuxSteps,
  macos: macSteps,
}

function takeOnPc({ t }: About): Step {
  return {
    say: t({
      zh: '点下面的按钮下载证书,下载好后点「打开文件」。',
      en: 'Download the certificate, then choose Open file.',
    }),
    also: t({
      zh: '如果浏览器说文件不安全,点「保留」。它就是本县自己的证书,最后一步会核对。',
      en: "If the browser calls the file unsafe, choose Keep. It is the county's own; you compare it in the last step.",
    }),
    take: { title: t({ zh: '下载证书', en: 'Download the certificate' }), path: crt },
    picture: downloads(t, t({ zh: '打开文件', en: 'Open file' })),
  }
}

const downloads = (t: Say, press: string) => (
  <Picture title={t({ zh: '浏览器右上角的下载', en: 'Downloads at the top right' })} height={150}>
    <rect class="sk-paper" x="20" y="16" width="300" height="34" rx="5" />
    <rect class="sk-field" x="58" y="23" width="200" height="20" rx="10" />
    <path class="sk-arrow" d="M284 27v10m-5-4l5 5l5-5m-11 8h12" />
    <rect class="sk-paper" x="128" y="58" width="192" height="68" rx="5" />
    <Paper x={138} y={70} />
    <Words x={174} y={84} size={12.5} look="bold">
      {file}
    </Words>
    <Key x={172} y={92} width={84} look="text" press>
      {press}
    </Key>
  </Picture>
)

function windowsOpen({ t, name }: About): Step {
  return {
    say: t({
      zh: '弹出「证书」窗口,点「安装证书」。',
      en: 'In the Certificate window choose Install Certificate.',
    }),
    also: t({
      zh: '如果先弹出「安全警告」,点「打开」。',
      en: 'If a security warning comes first, choose Open.',
    }),
    picture: (
      <Picture title={t({ zh: '证书窗口', en: 'The Certificate window' })} height={200}>
        <Dialog x={40} y={14} width={260} height={172} title={t({ zh: '证书', en: 'Certificate' })}>
          <Paper x={56} y={54} />
          <Words x={94} y={68} look="bold">
            {t({ zh: '证书信息', en: 'Certificate Information' })}
          </Words>
          <Words x={56} y={110} size={12} look="soft">
            {t({ zh: '颁发给:', en: 'Issued to:' })}
          </Words>
          <Words x={112} y={110} size={12}>
            {name}
          </Words>
          <Key x={94} y={130} width={112} press>
            {t({ zh: '安装证书(I)…', en: 'Install Certificate…' })}
          </Key>
          <Key x={226} y={130} width={58}>
            {t({ zh: '确定', en: 'OK' })}
          </Key>
        </Dialog>
      </Picture>
    ),
  }
}

function windowsStore({ t }: About, { place }: { place: boolean }): Step {
  const wizard = t({ zh: '证书导入向导', en: 'Certificate Import Wizard' })
  return {
    say: place
      ? t({ zh: '选「当前用户」,点「下一页」。', en: 'Choose Current User, then Next.' })
      : t({
          zh: '出现「证书导入向导」,点「下一步」。',
          en: 'The Certificate Import Wizard opens; choose Next.',
        }),
    picture: (
      <Picture title={wizard} height={place ? 184 : 156}>
        <Dialog x={30} y={14} width={280} height={place ? 144 : 120} title={wizard}>
          {place ? (
            <>
              <Words x={48} y={66} size={12} look="soft">
                {t({ zh: '存储位置', en: 'Store Location' })}
              </Words>
              <Choice x={52} y={90} on press="first" width={124}>
                {t({ zh: '当前用户(C)', en: 'Current User' })}
              </Choice>
              <Choice x={52} y={114}>
                {t({ zh: '本地计算机(L)', en: 'Local Machine' })}
              </Choice>
            </>
          ) : (
            <Words x={48} y={72} size={12.5}>
              {t({ zh: '欢迎使用证书导入向导', en: 'Welcome to the Import Wizard' })}
            </Words>
          )}
          <Key x={216} y={place ? 124 : 98} width={76} press>
            {place ? t({ zh: '下一页(N)', en: 'Next' }) : t({ zh: '下一步(N)', en: 'Next' })}
          </Key>
        </Dialog>
      </Picture>
    ),
  }
}

function windowsRoot({ t }: About): Step {
  const trusted = t({ zh: '受信任的根证书颁发机构', en: 'Trusted Root Certification Authorities' })
  return {
    say: t({
      zh: '选「将所有的证书都放入下列存储」,点「浏览」,选「受信任的根证书颁发机构」,确定。',
      en: 'Choose "Place all certificates in the following store", Browse, and "Trusted Root Certification Authorities".',
    }),
    also: t({
      zh: '这一步最容易选错:不要用「自动选择」。',
      en: 'The step that goes wrong most often: not "Automatically select".',
    }),
    picture: (
      <Picture title={trusted} height={226}>
        <Dialog
          x={14}
          y={12}
          width={312}
          height={138}
          title={t({ zh: '证书导入向导', en: 'Certificate Import Wizard' })}
        >
          <Choice x={28} y={64}>
            {t({ zh: '根据证书类型,自动选择证书存储', en: 'Automatically select the store' })}
          </Choice>
          <Choice x={28} y={90} on press="first" width={250}>
            {t({ zh: '将所有的证书都放入下列存储(P)', en: 'Place all certificates in this store' })}
          </Choice>
          <rect class="sk-field" x="48" y="112" width="168" height="24" rx="3" />
          <Key x={228} y={112} width={76} press>
            {t({ zh: '浏览(R)…', en: 'Browse…' })}
          </Key>
        </Dialog>
        <rect class="sk-paper" x="40" y="160" width="264" height="56" rx="5" />
        <Words x={56} y={180} size={12} look="soft">
          {t({ zh: '个人', en: 'Personal' })}
        </Words>
        <rect class="sk-mark" x="46" y="187" width="252" height="22" rx="3" />
        <Words x={56} y={202} size={12} look="bold">
          {trusted}
        </Words>
      </Picture>
    ),
  }
}

function windowsYes({ t, name, sha1 }: About): Step {
  const plain = sha1.replaceAll(':', '').replaceAll(/.{8}(?=.)/g, '$& ')
  return {
    say: t({
      zh: '点「下一页」「完成」。弹出安全警告时,核对指纹与下图相同,点「是」。',
      en: 'Next, Finish. When the warning appears, compare the thumbprint with this picture and choose Yes.',
    }),
    also: t({
      zh: '指纹不同就点「否」,并告诉管理员。装好后关掉浏览器再打开。',
      en: 'If it differs choose No and tell the administrator. Afterwards close the browser and open it again.',
    }),
    picture: (
      <Picture title={t({ zh: '安全警告', en: 'Security Warning' })} height={206}>
        <Dialog x={14} y={14} width={312} height={178} title={t({ zh: '安全警告', en: 'Security Warning' })}>
          <path class="sk-warn" d="M46 50l16 28h-32z" />
          <Words x={74} y={62} size={12}>
            {t({ zh: '您即将从一个声称代表如下的证书', en: 'You are about to install a certificate from' })}
          </Words>
          <Words x={74} y={80} size={12}>
            {t({ zh: '颁发机构安装证书:', en: 'an authority that claims to be:' })}
          </Words>
          <Words x={74} y={100} size={12.5} look="bold">
            {name}
          </Words>
          <Words x={28} y={124} size={11} look="soft">
            {t({ zh: '指纹 (sha1):', en: 'Thumbprint (sha1):' })}
          </Words>
          <Words x={28} y={141} size={11.5} look="bold">
            {plain}
          </Words>
          <Key x={168} y={156} width={66} press>
            {t({ zh: '是(Y)', en: 'Yes' })}
          </Key>
          <Key x={248} y={156} width={64}>
            {t({ zh: '否(N)', en: 'No' })}
          </Key>
        </Dialog>
      </Picture>
    ),
  }
}

function androidSteps({ t, name }: About): Step[] {
  const settings = t({ zh: '设置', en: 'Settings' })
  return [
    {
      say: t({ zh: '点下面的按钮,把证书下载到手机里。', en: 'Download the certificate to the phone.' }),
      also: t({
        zh: '如果问「仍要下载吗」或「保留」,点「仍然下载」「保留」。',
        en: 'If the browser asks, choose Download anyway or Keep.',
      }),
      take: { title: t({ zh: '下载证书', en: 'Download the certificate' }), path: crt },
      picture: (
        <Picture title={t({ zh: '仍要下载', en: 'Download anyway' })} height={158}>
          <Phone height={158}>
            <Words x={170} y={60} size={12.5} look="bold" anchor="middle">
              {t({ zh: '文件可能有害', en: 'File might be harmful' })}
            </Words>
            <Words x={170} y={82} size={12} look="soft" anchor="middle">
              {file}
            </Words>
            <Key x={84} y={100} width={70} look="text">
              {t({ zh: '取消', en: 'Cancel' })}
            </Key>
            <Key x={174} y={100} width={80} look="text" press>
              {t({ zh: '仍然下载', en: 'Download' })}
            </Key>
          </Phone>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '打开手机的「设置」,在最上面的搜索框里输入「证书」,点「CA 证书」。',
        en: 'Open Settings, type "certificate" into the search box and choose "CA certificate".',
      }),
      also: t({
        zh: '有的手机写成「从手机存储安装」「安装证书」「加密和凭据」。',
        en: 'Some phones call it "Install from storage" or "Encryption & credentials".',
      }),
      picture: (
        <Picture title={settings} height={190}>
          <Phone height={190}>
            <Words x={82} y={50} size={15} look="bold">
              {settings}
            </Words>
            <rect class="sk-field" x="80" y="60" width="180" height="26" rx="13" />
            <Words x={94} y={77} size={12.5}>
              {t({ zh: '证书', en: 'certificate' })}
            </Words>
            <Row y={94}>{t({ zh: '安装证书', en: 'Install a certificate' })}</Row>
            <Row y={130} press>
              {t({ zh: 'CA 证书', en: 'CA certificate' })}
            </Row>
          </Phone>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '手机会提醒一次,点「仍然安装」,再输入手机的锁屏密码。',
        en: 'The phone warns once: choose Install anyway and enter the screen lock.',
      }),
      also: t({
        zh: '这个提醒对所有证书都一样。县盒的证书只能用于局域网,不能冒充其他网站。',
        en: 'The warning is the same for every certificate. This one is good for the local network only.',
      }),
      picture: (
        <Picture title={t({ zh: '仍然安装', en: 'Install anyway' })} height={202}>
          <Phone height={202}>
            <path class="sk-warn" d="M170 40l14 24h-28z" />
            <Words x={170} y={88} look="bold" anchor="middle">
              {t({ zh: '您的数据将不再具有私密性', en: "Your data won't be private" })}
            </Words>
            <path class="sk-grey" d="M84 104h172M84 116h172M84 128h110" />
            <Key x={80} y={144} width={76} look="text" press>
              {t({ zh: '仍然安装', en: 'Install anyway' })}
            </Key>
            <Key x={178} y={144} width={80} look="main">
              {t({ zh: '不安装', en: "Don't install" })}
            </Key>
          </Phone>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '在「下载」里点刚才的文件,看到「已安装 CA 证书」就好了。',
        en: 'Choose the file under Downloads; "CA certificate installed" appears.',
      }),
      also: t({
        zh: `让您起名时,写「${name}」即可。`,
        en: `If a name is asked for, "${name}" will do.`,
      }),
      picture: (
        <Picture title={t({ zh: '选文件', en: 'Choosing the file' })} height={150}>
          <Phone height={150}>
            <Words x={82} y={50} size={15} look="bold">
              {t({ zh: '下载', en: 'Downloads' })}
            </Words>
            <Row y={58} press>
              {file}
            </Row>
            <rect class="sk-toast" x="92" y="110" width="156" height="26" rx="13" />
            <Words x={170} y={127} size={12} look="white" anchor="middle">
              {t({ zh: '已安装 CA 证书', en: 'CA certificate installed' })}
            </Words>
          </Phone>
        </Picture>
      ),
    },
  ]
}

function iosSteps({ t, name, address }: About): Step[] {
  const settings = t({ zh: '设置', en: 'Settings' })
  return [
    {
      say: t({
        zh: '在 Safari 里点下面的按钮,弹出提示时点「允许」。',
        en: 'In Safari press the button and choose Allow.',
      }),
      also: t({
        zh: `别的浏览器不行:请打开 Safari,输入 ${address}`,
        en: `Other browsers cannot: open Safari and type ${address}`,
      }),
      take: {
        title: t({ zh: '下载描述文件', en: 'Download the profile' }),
        path: '/join/xianhe.mobileconfig',
      },
      picture: (
        <Picture title={t({ zh: '允许下载', en: 'Allow the download' })} height={160}>
          <Phone height={160}>
            <rect class="sk-card" x="84" y="44" width="172" height="98" rx="12" />
            <Words x={170} y={70} size={12.5} look="bold" anchor="middle">
              {t({ zh: '此网站正尝试下载', en: 'This website is trying to' })}
            </Words>
            <Words x={170} y={88} size={12.5} look="bold" anchor="middle">
              {t({ zh: '一个配置描述文件', en: 'download a profile' })}
            </Words>
            <path class="sk-line" d="M84 104h172M170 104v38" />
            <Key x={92} y={110} width={70} look="text">
              {t({ zh: '忽略', en: 'Ignore' })}
            </Key>
            <Key x={180} y={110} width={66} look="text" press>
              {t({ zh: '允许', en: 'Allow' })}
            </Key>
          </Phone>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '打开「设置」,点最上面的「已下载描述文件」,点右上角「安装」。',
        en: 'Open Settings, choose Profile Downloaded, then Install at the top right.',
      }),
      also: t({
        zh: '会要锁屏密码。没看到的话:通用 → VPN 与设备管理。',
        en: 'The passcode is asked for. If it is not there: General → VPN & Device Management.',
      }),
      picture: (
        <Picture title={settings} height={150}>
          <Phone height={150}>
            <Words x={170} y={50} size={14} look="bold" anchor="middle">
              {settings}
            </Words>
            <Row y={60} press>
              {t({ zh: '已下载描述文件', en: 'Profile Downloaded' })}
            </Row>
            <Row y={104}>{t({ zh: '飞行模式', en: 'Airplane Mode' })}</Row>
          </Phone>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '再到「设置 → 通用 → 关于本机」,拉到最底下,点「证书信任设置」。',
        en: 'Then Settings → General → About, scroll to the end, choose Certificate Trust Settings.',
      }),
      picture: (
        <Picture title={t({ zh: '关于本机', en: 'About' })} height={150}>
          <Phone height={150}>
            <Words x={170} y={50} size={14} look="bold" anchor="middle">
              {t({ zh: '关于本机', en: 'About' })}
            </Words>
            <Row y={60} note="…">
              {t({ zh: '型号名称', en: 'Model Name' })}
            </Row>
            <Row y={100} press>
              {t({ zh: '证书信任设置', en: 'Certificate Trust Settings' })}
            </Row>
          </Phone>
        </Picture>
      ),
    },
    {
      say: t({
        zh: `把「${name}」右边的开关打开,点「继续」。`,
        en: `Turn on the switch beside "${name}" and choose Continue.`,
      }),
      picture: (
        <Picture title={t({ zh: '证书信任设置', en: 'Certificate Trust Settings' })} height={136}>
          <Phone height={136}>
            <Words x={170} y={50} size={13} look="bold" anchor="middle">
              {t({ zh: '证书信任设置', en: 'Certificate Trust Settings' })}
            </Words>
            <Words x={82} y={76} size={10.5} look="soft">
              {t({ zh: '针对根证书启用完全信任', en: 'Enable full trust for root certificates' })}
            </Words>
            <Row y={82} toggle press>
              {name}
            </Row>
          </Phone>
        </Picture>
      ),
    },
  ]
}

function linuxSteps({ t, name }: About): Step[] {
  const authorities = t({ zh: '授权机构', en: 'Authorities' })
  return [
    {
      say: t({
        zh: '点下面的按钮下载证书,文件在「下载」文件夹里。',
        en: 'Download the certificate; it lies in the Downloads folder.',
      }),
      also: t({
        zh: '如果浏览器说文件不安全,点「保留」。',
        en: 'If the browser calls the file unsafe, choose Keep.',
      }),
      take: { title: t({ zh: '下载证书', en: 'Download the certificate' }), path: crt },
      picture: downloads(t, t({ zh: '保留', en: 'Keep' })),
    },
    {
      say: t({
        zh: '打开浏览器的「设置」,在搜索框里输入「证书」,点「安全」→「管理证书」。',
        en: "In the browser's settings search for certificate, choose Security → Manage certificates.",
      }),
      also: t({
        zh: '也可以在地址栏输入 chrome://settings/certificates 后回车。火狐浏览器:设置 → 隐私与安全 → 查看证书。',
        en: 'Or type chrome://settings/certificates. In Firefox: Settings → Privacy & Security → View Certificates.',
      }),
      picture: (
        <Picture title={t({ zh: '浏览器设置', en: 'Browser settings' })} height={164}>
          <rect class="sk-paper" x="20" y="14" width="300" height="136" rx="5" />
          <rect class="sk-field" x="36" y="26" width="268" height="26" rx="13" />
          <Words x={52} y={43.5} size={12.5}>
            {t({ zh: '证书', en: 'certificate' })}
          </Words>
          <Words x={40} y={82} size={12.5} look="soft">
            {t({ zh: '安全', en: 'Security' })}
          </Words>
          <path class="sk-line" d="M36 94h268" />
          <Key x={34} y={102} width={90} look="text" press>
            {t({ zh: '管理证书', en: 'Manage certificates' })}
          </Key>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '点「授权机构」,再点「导入」,选「下载」里的 xianhe-ca.crt。',
        en: 'Choose Authorities, then Import, and the file xianhe-ca.crt.',
      }),
      picture: (
        <Picture title={authorities} height={130}>
          <rect class="sk-paper" x="20" y="14" width="300" height="102" rx="5" />
          <Words x={40} y={40} size={12.5} look="soft">
            {t({ zh: '您的证书', en: 'Your certificates' })}
          </Words>
          <Words x={150} y={40} size={12.5} look="soft">
            {t({ zh: '服务器', en: 'Servers' })}
          </Words>
          <Words x={220} y={40} size={12.5} look="bold">
            {authorities}
          </Words>
          <path class="sk-under" d="M216 48h64" />
          <Key x={226} y={66} width={66} press>
            {t({ zh: '导入', en: 'Import' })}
          </Key>
        </Picture>
      ),
    },
    {
      say: t({
        zh: '勾选「信任该证书,以标识网站的身份」,点「确定」。',
        en: 'Tick "Trust this certificate for identifying websites" and choose OK.',
      }),
      picture: (
        <Picture title={t({ zh: '信任设置', en: 'Trust settings' })} height={178}>
          <Dialog
            x={24}
            y={14}
            width={292}
            height={142}
            title={t({ zh: '证书授权中心', en: 'Certificate authority' })}
          >
            <Words x={42} y={62} size={12} look="soft">
              {name}
            </Words>
            <Choice x={42} y={92} on square press="first" width={254}>
              {t({ zh: '信任该证书,以标识网站的身份', en: 'Trust it for identifying websites' })}
            </Choice>
            <Key x={228} y={118} width={66} look="main" press>
              {t({ zh: '确定', en: 'OK' })}
            </Key>
          </Dialog>
        </Picture>
      ),
    },
  ]
}

function macSteps({ t, name }: About): Step[] {
  const always = t({ zh: '始终信任', en: 'Always Trust' })
  return [
    {
      say: t({
        zh: '点下面的按钮下载证书,在「下载」里双击它,「钥匙串访问」会打开,点「添加」。',
        en: 'Download the certificate and double-click it; in Keychain Access choose Add.',
      }),
      take: { title: t({ zh: '下载证书', en: 'Download the certificate' }), path: crt },
      picture: (
        <Picture title={t({ zh: '添加证书', en: 'Add the certificate' })} height={136}>
          <rect class="sk-paper" x="44" y="14" width="252" height="108" rx="8" />
          <Paper x={60} y={30} />
          <Words x={100} y={44} size={12.5} look="bold">
            {t({ zh: '要将证书添加到钥匙串吗?', en: 'Add it to a keychain?' })}
          </Words>
          <Words x={100} y={64} size={12} look="soft">
            {t({ zh: '钥匙串:登录', en: 'Keychain: login' })}
          </Words>
          <Key x={130} y={84} width={66}>
            {t({ zh: '取消', en: 'Cancel' })}
          </Key>
          <Key x={212} y={84} width={66} look="main" press>
            {t({ zh: '添加', en: 'Add' })}
          </Key>
        </Picture>
      ),
    },
    {
      say: t({
        zh: `在列表里找到「${name}」,双击打开,点「信任」旁的小三角。`,
        en: `Find "${name}" in the list, double-click it and open Trust.`,
      }),
      picture: (
        <Picture title={t({ zh: '钥匙串访问', en: 'Keychain Access' })} height={130}>
          <rect class="sk-paper" x="20" y="14" width="300" height="102" rx="8" />
          <circle class="sk-seal" cx="36" cy="28" r="4.5" />
          <circle class="sk-grey-dot" cx="50" cy="28" r="4.5" />
          <Words x={170} y={32} size={12} look="bold" anchor="middle">
            {t({ zh: '钥匙串访问', en: 'Keychain Access' })}
          </Words>
          <rect class="sk-mark" x="32" y="52" width="276" height="28" rx="3" />
          <Words x={48} y={70} size={12.5} look="bold">
            {name}
          </Words>
          <path class="sk-grey" d="M48 96h140" />
        </Picture>
      ),
    },
    {
      say: t({
        zh: '把「使用此证书时」改成「始终信任」,关上窗口,输入电脑密码。',
        en: 'Set "When using this certificate" to Always Trust, close the window, enter the password.',
      }),
      picture: (
        <Picture title={always} height={120}>
          <rect class="sk-paper" x="20" y="14" width="300" height="92" rx="8" />
          <Words x={36} y={42} look="bold">
            {t({ zh: '▾ 信任', en: '▾ Trust' })}
          </Words>
          <Words x={36} y={76} size={12}>
            {t({ zh: '使用此证书时:', en: 'When using it:' })}
          </Words>
          <Key x={150} y={60} width={120} press>
            {always}
          </Key>
        </Picture>
      ),
    },
  ]
}

/** Where to go from inside another app. */
export const openOutside = (t: Say) => (
  <Picture title={t({ zh: '在浏览器打开', en: 'Open in browser' })} height={170}>
    <Phone height={170}>
      <Words x={170} y={52} size={13} look="bold" anchor="middle">
        {t({ zh: '县盒', en: 'Xianhe' })}
      </Words>
      <Key x={228} y={36} width={30} look="text" press>
        ···
      </Key>
      <path class="sk-line" d="M70 68h200" />
      <rect class="sk-card" x="84" y="104" width="172" height="46" rx="8" />
      <Words x={170} y={132} size={13} look="bold" anchor="middle">
        {t({ zh: '在浏览器打开', en: 'Open in browser' })}
      </Words>
    </Phone>
  </Picture>
)
