// Every verb of the command line, in the order `xianhe help` shows them. A line here is all it takes: help, flags,
// refusals and the side door follow from it. What a verb does is loaded when it is asked for.

import type { Verb } from './call.ts'
import { buildFromSource } from './from-source.ts'

const stage = {
  value: 'DIR',
  about: { zh: '装到这个目录下(做安装包时用)', en: 'under this directory, for those who make packages' },
}

const list: Verb[] = [
  {
    name: 'serve',
    about: {
      zh: '运行县盒(首次运行会建库并给出管理员的一次性密码)',
      en: 'Runs the box; the first run makes keys, database and an administrator',
    },
    where: 'here',
    run: async (call) => {
      await buildFromSource()
      return (await import('./verbs/serve.ts')).serve(call, verbs)
    },
  },
  {
    name: 'seed',
    about: { zh: '载入样例县(已有的不变)', en: 'Loads the sample county; what is there stays' },
    use: '[--scale N]',
    flags: {
      scale: {
        value: 'N',
        about: { zh: '放大 N 倍(1 约 4 万条记录)', en: 'multiplies it (1 is about 40,000 records)' },
      },
    },
    where: 'here',
    run: async (call) => (await import('./verbs/seed.ts')).seed(call),
  },
  {
    name: 'simulate',
    about: { zh: '让样例县的传感器用真实 MQTT 上报', en: "Plays the sample county's sensors over real MQTT" },
    use: '[--sensors N] [--rate R] [--flood]',
    flags: {
      sensors: { value: 'N', about: { zh: '多少个传感器', en: 'how many sensors speak' } },
      rate: { value: 'R', about: { zh: '每秒共多少条', en: 'messages a second, all together' } },
      flood: { about: { zh: '一处水位上涨超过红色警戒', en: 'a water level rises above its red limit' } },
      'flood-at': { value: 'SENSOR', about: { zh: '指定哪处涨水', en: 'which gauge floods' } },
      'host-of-broker': {
        value: 'HOST',
        about: { zh: '县盒的地址,默认本机', en: 'where the box is; this machine by default' },
      },
      seconds: {
        value: 'N',
        about: { zh: '运行多少秒;默认直到 Ctrl-C', en: 'for how long; until Ctrl-C by default' },
      },
    },
    where: 'here',
    run: async (call) => (await import('./verbs/simulate.ts')).simulate(call),
  },
  {
    name: 'user',
    about: { zh: '可以登录的人', en: 'People who may log in' },
    use: 'add NAME | list | disable NAME | enable NAME | password NAME',
    flags: {
      title: { value: 'TEXT', about: { zh: '姓名', en: 'the name people know' } },
      role: { value: 'ROLE,…', about: { zh: '角色,可多个', en: 'roles, one or more' } },
      scope: {
        value: 'CODE',
        about: { zh: '管辖的行政区划代码;默认本盒', en: "division they work in; the box's own by default" },
      },
      entity: { value: 'ID', about: { zh: '所属经营主体', en: 'the legal entity they work for' } },
    },
    where: 'box',
    run: async (call) => (await import('./verbs/user.ts')).user(call),
  },
  {
    name: 'token',
    about: { zh: '程序使用接口的令牌', en: 'Tokens of programs that use the API' },
    use: 'add NAME --account USER | list | disable NAME',
    flags: {
      account: { value: 'USER', about: { zh: '代表哪个账号', en: 'the account it acts for' } },
      days: {
        value: 'N',
        about: { zh: '多少天后到期;默认不到期', en: 'days until it expires; never by default' },
      },
    },
    where: 'box',
    run: async (call) => (await import('./verbs/token.ts')).token(call),
  },
  {
    name: 'device',
    about: { zh: '传感器的 MQTT 口令', en: 'Tokens of sensors that speak MQTT' },
    use: 'add SENSOR | list | disable SENSOR | enable SENSOR',
    where: 'box',
    run: async (call) => (await import('./verbs/device.ts')).device(call),
  },
  {
    name: 'peer',
    about: { zh: '交换数据的上级、下级', en: 'Peers to exchange packages with' },
    use: 'card | key | add CARD | list | show PEER | connect PEER | policy PEER | signature PEER ALG | renew PEER | disable PEER | enable PEER',
    flags: {
      token: { value: 'TOKEN', about: { zh: '对方给我们的令牌', en: 'the token they gave us' } },
      address: { value: 'URL', about: { zh: '对方的地址', en: 'where they are' } },
      datasets: {
        value: 'NAME,…',
        about: { zh: '发给对方的数据集,可用 * 结尾', en: 'datasets that leave for them, * may end one' },
      },
      accepts: { value: 'NAME,…', about: { zh: '接受对方的哪些数据集', en: 'datasets they may speak for' } },
      personal: {
        value: 'mask|hide|whole',
        about: { zh: '个人信息如何发出', en: 'how personal data leave' },
      },
      readings: { value: 'none|hourly|raw', about: { zh: '监测数据如何发出', en: 'how readings leave' } },
      scope: { value: 'CODE', about: { zh: '只发这个区划', en: 'only this division leaves' } },
      files: { value: 'yes|no', about: { zh: '是否带附件', en: 'whether attachments leave' } },
      signature: {
        value: 'Ed25519|SM2-SM3',
        about: {
          zh: 'add:发给对方的包用哪种签名;key:只打印这种公钥',
          en: 'add: what signs their packages; key: print only this one',
        },
      },
    },
    more: {
      zh: 'CARD 是对方 peer card 的文件,或其 JSON 文本。两边各登记一次,再把 add 显示的令牌告诉对方(peer connect)。',
      en: "CARD is a file with the other side's `peer card`, or its JSON text. Each side adds the other, then tells the other the token that add showed (peer connect).",
    },
    where: 'box',
    run: async (call) => (await import('./verbs/peer.ts')).peer(call),
  },
  {
    name: 'import',
    about: {
      zh: '导入表格(CSV、XLSX);坏行列出,好行入库',
      en: 'Takes rows from CSV or XLSX; bad rows are listed, good ones go in',
    },
    use: 'DATASET FILE',
    where: 'box',
    run: async (call) => (await import('./verbs/import.ts')).importRows(call),
  },
  {
    name: 'export',
    about: { zh: '导出台账', en: 'Writes a dataset to a file' },
    use: 'DATASET [--format csv|xlsx|geojson|ndjson|parquet] [--to FILE]',
    flags: {
      format: { value: 'FORMAT', about: { zh: '格式,默认 csv', en: 'csv unless said' } },
      to: { value: 'FILE', about: { zh: '写到这个文件', en: 'the file it goes to' } },
      scope: { value: 'CODE', about: { zh: '只导出这个区划', en: 'this division only' } },
    },
    where: 'box',
    run: async (call) => (await import('./verbs/export.ts')).exportRows(call),
  },
  {
    name: 'package',
    about: { zh: '为对方打包,可写到 U 盘', en: 'Builds what waits for a peer, onto a stick if asked' },
    use: '--for PEER [--to DIR]',
    flags: {
      for: {
        value: 'PEER',
        about: { zh: '对方的节点编号、名称或区划', en: 'node id, name or division of the peer' },
      },
      to: { value: 'DIR', about: { zh: '写到这个目录', en: 'copies it to this directory' } },
    },
    where: 'box',
    run: async (call) => (await import('./verbs/sync.ts')).packageUp(call),
  },
  {
    name: 'receive',
    about: { zh: '检查并收入数据包', en: 'Checks and applies packages' },
    use: 'FILE…|DIR',
    where: 'box',
    run: async (call) => (await import('./verbs/sync.ts')).receive(call),
  },
  {
    name: 'verify',
    about: { zh: '只检查数据包,不收入', en: 'Checks packages without applying them' },
    use: 'FILE… [--key PEM]',
    flags: {
      key: {
        value: 'PEM',
        about: { zh: '用这个公钥文件检查签名', en: 'checks the signature with this public key file' },
      },
    },
    where: 'box',
    run: async (call) => (await import('./verbs/sync.ts')).verify(call),
  },
  {
    name: 'sync',
    about: { zh: '马上与上下级交换一次', en: 'Runs all due exchanges now' },
    use: '[PEER]',
    where: 'box',
    run: async (call) => (await import('./verbs/sync.ts')).sync(call),
  },
  {
    name: 'land',
    about: {
      zh: '把收到的数据包落到 PostgreSQL 库或 Parquet 目录;可中断、不重复',
      en: 'Loads received packages into PostgreSQL or a Parquet lake; resumable, exactly once',
    },
    use: '--to postgres://…|DIR [FILE…|DIR]',
    flags: {
      to: {
        value: 'URL|DIR',
        about: { zh: '数据库地址,或一个目录', en: 'the database, or the directory' },
      },
      peer: {
        value: 'NODE',
        about: {
          zh: '只落这个发送方的包(节点编号、名称或区划)',
          en: 'packages of this sender only (node id, name or division)',
        },
      },
      follow: { about: { zh: '不退出,随到随落', en: 'stays, and lands what arrives' } },
      personal: {
        value: 'mask|whole',
        about: {
          zh: '个人信息遮盖(默认)或按收到的原样',
          en: 'personal data as masks (unless said), or as they were received',
        },
      },
    },
    more: {
      zh: '包取自 post/in;不在那里的,可在后面写文件或目录。口令可放在环境变量 PGPASSWORD。表和列的说明在库的注释里,目录里见 README.md。',
      en: 'Packages are taken from post/in; name files or directories for those that are not there any more. The password may stand in PGPASSWORD. Tables and columns explain themselves in comments, a lake in its README.md.',
    },
    where: 'here',
    run: async (call) => (await import('./verbs/land.ts')).land(call),
  },
  {
    name: 'backup',
    about: {
      zh: '加密备份(运行中也可),写完即读回验证',
      en: 'A sealed backup, taken while running and proved by reading it back',
    },
    use: '--to FILE|DIR',
    flags: {
      to: {
        value: 'FILE|DIR',
        about: { zh: '写到这个文件或目录', en: 'the file, or the directory, it goes to' },
      },
    },
    more: {
      zh: '口令取自环境变量 XIANHE_PASSPHRASE、--backup-passphrase 指定的文件,或键盘。',
      en: 'The passphrase comes from XIANHE_PASSPHRASE, a file named with --backup-passphrase, or the keyboard.',
    },
    where: 'here',
    run: async (call) => (await import('./verbs/backup.ts')).backup(call),
  },
  {
    name: 'restore',
    about: { zh: '把备份恢复到一个空目录', en: 'Restores a backup into an empty directory' },
    use: 'FILE --data DIR',
    where: 'here',
    run: async (call) => (await import('./verbs/backup.ts')).restore(call),
  },
  {
    name: 'rebuild',
    about: { zh: '重做搜索与统计(可随时运行)', en: 'Throws computed state away and makes it again' },
    use: '[search|numbers|analytics|all]',
    where: 'box',
    run: async (call) => (await import('./verbs/rebuild.ts')).rebuild(call),
  },
  {
    name: 'doctor',
    about: {
      zh: '检查磁盘、数据、进程、备份,给出办法',
      en: 'Checks disk, data, processes and backups, each with the cure',
    },
    where: 'here',
    run: async (call) => (await import('./verbs/doctor.ts')).doctor(call),
  },
  {
    name: 'install',
    about: { zh: '安装为系统服务(systemd),开机自动运行', en: 'Makes it a service of this machine (systemd)' },
    flags: { root: stage },
    where: 'here',
    run: async (call) => (await import('./verbs/service.ts')).install(call),
  },
  {
    name: 'uninstall',
    about: { zh: '卸载服务与程序,保留数据', en: 'Removes service and program, keeps the data' },
    flags: { root: stage },
    where: 'here',
    run: async (call) => (await import('./verbs/service.ts')).uninstall(call),
  },
  {
    name: 'upgrade',
    about: {
      zh: '换上新版本;先在数据副本上试,不正常就退回',
      en: 'Changes to a new version, tried on a copy first, and back when it is not healthy',
    },
    use: 'FILE',
    flags: {
      root: stage,
      patience: {
        value: 'SECONDS',
        about: { zh: '多久算不正常,默认 60', en: 'how long it may take to become healthy; 60 by default' },
      },
    },
    where: 'here',
    run: async (call) => (await import('./verbs/service.ts')).upgrade(call),
  },
  {
    name: 'settings',
    about: {
      zh: '列出每项设置的值、来处和用途',
      en: 'Lists every setting with its value, its origin and a sentence',
    },
    where: 'here',
    run: async (call) => (await import('./verbs/settings.ts')).settings(call),
  },
  {
    name: 'version',
    about: { zh: '程序的版本', en: 'The version of this program' },
    where: 'here',
    run: async (call) => (await import('./verbs/version.ts')).version(call),
  },
  {
    name: 'help',
    use: '[VERB]',
    about: { zh: '列出命令,或说明一个命令', en: 'Lists the verbs, or explains one' },
    where: 'here',
    run: async (call) => (await import('./verbs/help.ts')).help(call, verbs),
  },
]

export const verbs = new Map(list.map((verb) => [verb.name, verb]))
