import { dataset, type RecOf } from '../../kernel/dataset.ts'
import {
  choice,
  choices,
  code,
  date,
  decimal,
  division,
  geometry,
  integer,
  long,
  ref,
  text,
  time,
} from '../../kernel/fields.ts'
import { metrics } from './metrics.ts'

/** Four levels, gravest last (突发事件应对法: 一级红, 二级橙, 三级黄, 四级蓝). */
export const levels = {
  blue: { zh: '蓝色', en: 'Blue' },
  yellow: { zh: '黄色', en: 'Yellow' },
  orange: { zh: '橙色', en: 'Orange' },
  red: { zh: '红色', en: 'Red' },
} as const
export type Level = keyof typeof levels
export const levelNames = Object.keys(levels) as Level[]

export const sensors = dataset('sensing.sensor', {
  title: { zh: '监测设备', en: 'Sensors' },
  about: {
    zh: '向本机报送监测数据的设备。设备编号同时是它的 MQTT 用户名。',
    en: 'Devices that report to this box. The code is also the MQTT user name.',
  },
  fields: {
    code: text({ zh: '设备编号', en: 'Code' })
      .key()
      .longest(64)
      .matches('[A-Za-z0-9][A-Za-z0-9._-]*')
      .hint('字母、数字、点、横线,如 WL-001', 'letters, digits, dots and dashes, such as WL-001'),
    name: text({ zh: '名称', en: 'Name' }),
    kind: choice(
      { zh: '类别', en: 'Kind' },
      {
        water: { zh: '水位雨量', en: 'Water level and rain' },
        quality: { zh: '水质', en: 'Water quality' },
        weather: { zh: '气象', en: 'Weather' },
        soil: { zh: '土壤墒情', en: 'Soil' },
        pond: { zh: '养殖水体', en: 'Fish pond' },
        other: { zh: '其他', en: 'Other' },
      },
    ).filter(),
    division: division({ zh: '所在乡镇(街道)', en: 'Township' }),
    place: geometry({ zh: '位置', en: 'Place' }, 'Point').optional(),
    station: text({ zh: '站点', en: 'Station' }).optional(),
    owner: text({ zh: '管护单位', en: 'Kept by' }).optional(),
    model: text({ zh: '型号', en: 'Model' }).optional(),
    metrics: choices({ zh: '监测指标', en: 'Metrics' }, metrics),
    interval: integer({ zh: '报送间隔', en: 'Reports every' })
      .unit('分钟', 'min')
      .min(1)
      .max(10_080)
      .initial(10),
    decoder: choice(
      { zh: '报文格式', en: 'Payload format' },
      {
        json: { zh: '县盒 JSON', en: 'Xianhe JSON' },
        value: { zh: '纯数值', en: 'Plain value' },
        paths: { zh: 'JSON 取值路径', en: 'JSON paths' },
        hex: { zh: '十六进制帧', en: 'Hex frame' },
        sparkplug: { zh: 'Sparkplug B', en: 'Sparkplug B' },
      },
    ).initial('json'),
    decoding: long({ zh: '取值说明', en: 'How to read it' })
      .optional()
      .hint('JSON,格式见运维手册「接入设备」', 'JSON; see the operator manual, "Connecting devices"'),
    topic: text({ zh: '外部主题', en: 'Outside topic' })
      .optional()
      .hint(
        '设备在外部 MQTT 服务器上用别的主题时填写',
        'when the device uses another topic on an outside broker',
      ),
    installed: date({ zh: '安装日期', en: 'Installed' }).optional(),
    state: choice(
      { zh: '状态', en: 'State' },
      {
        working: { zh: '在用', en: 'Working' },
        repair: { zh: '检修', en: 'In repair' },
        retired: { zh: '停用', en: 'Retired' },
      },
    )
      .filter()
      .initial('working'),
    remark: long({ zh: '备注', en: 'Remark' }).optional(),
  },
  keeper: 'county',
  offline: true,
  label: '{name}',
  columns: ['code', 'name', 'kind', 'division', 'metrics', 'state'],
  catalogue: { share: 'conditional', open: 'open', updates: 'irregular', steward: 'water-bureau' },
})

export const thresholds = dataset('sensing.threshold', {
  title: { zh: '预警阈值', en: 'Thresholds' },
  about: {
    zh: '监测值到了什么程度发几级预警,怎样算解除。',
    en: 'When a reading becomes an alert, of which level, and when it is over.',
  },
  fields: {
    name: text({ zh: '名称', en: 'Name' }).key(),
    sensor: ref('sensing.sensor', { zh: '监测设备', en: 'Sensor' }),
    division: division({ zh: '所在乡镇(街道)', en: 'Township' }),
    direction: choice(
      { zh: '情形', en: 'When' },
      {
        above: { zh: '高于', en: 'Above' },
        below: { zh: '低于', en: 'Below' },
        silent: { zh: '无数据', en: 'Silent' },
      },
    ).filter(),
    metric: code('metric', { zh: '指标', en: 'Metric' })
      .optional()
      .hint('「无数据」可不填', 'may be left out for "silent"'),
    blue: decimal({ zh: '蓝色界值', en: 'Blue at' }).optional().group('steps'),
    yellow: decimal({ zh: '黄色界值', en: 'Yellow at' }).optional().group('steps'),
    orange: decimal({ zh: '橙色界值', en: 'Orange at' }).optional().group('steps'),
    red: decimal({ zh: '红色界值', en: 'Red at' }).optional().group('steps'),
    margin: decimal({ zh: '回差', en: 'Margin' })
      .optional()
      .min(0)
      .hint(
        '越过界值后,退回这么多才算解除,避免反复',
        'how far back the value must go before the alert is over',
      ),
    hold: decimal({ zh: '持续', en: 'For' }).optional().unit('分钟', 'min').min(0).max(1440),
    silence: integer({ zh: '无数据超过', en: 'Silent for' })
      .optional()
      .unit('分钟', 'min')
      .min(1)
      .max(43_200),
    level: choice({ zh: '无数据时的级别', en: 'Level when silent' }, levels).optional(),
    state: choice(
      { zh: '启用', en: 'State' },
      { on: { zh: '启用', en: 'On' }, off: { zh: '停用', en: 'Off' } },
    )
      .filter()
      .initial('on'),
  },
  keeper: 'county',
  label: '{name}',
  columns: ['name', 'sensor', 'direction', 'metric', 'state'],
  catalogue: { share: 'conditional', open: 'closed', updates: 'irregular', steward: 'water-bureau' },
})

/** Also the words of the acts on alerts. */
export const alertFields = {
  title: text({ zh: '预警', en: 'Alert' }),
  level: choice({ zh: '级别', en: 'Level' }, levels).filter(),
  state: choice(
    { zh: '状态', en: 'State' },
    {
      open: { zh: '待确认', en: 'Open' },
      confirmed: { zh: '已确认', en: 'Confirmed' },
      dismissed: { zh: '误报', en: 'False alarm' },
      cleared: { zh: '已解除', en: 'Over' },
    },
  ).filter(),
  sensor: ref('sensing.sensor', { zh: '监测设备', en: 'Sensor' }),
  threshold: ref('sensing.threshold', { zh: '依据的阈值', en: 'Threshold' }).optional(),
  kind: choice(
    { zh: '情形', en: 'Kind' },
    {
      above: { zh: '高于界值', en: 'Above the limit' },
      below: { zh: '低于界值', en: 'Below the limit' },
      silent: { zh: '无数据', en: 'Silent' },
    },
  ),
  metric: code('metric', { zh: '指标', en: 'Metric' }).optional().filter(),
  value: decimal({ zh: '监测值', en: 'Value' }).optional(),
  limit: decimal({ zh: '界值', en: 'Limit' }).optional(),
  raised: time({ zh: '发生时间', en: 'Raised' }).filter(),
  cleared: time({ zh: '解除时间', en: 'Over at' }).optional(),
  confirmed: time({ zh: '确认时间', en: 'Confirmed at' }).optional(),
  remark: long({ zh: '处置说明', en: 'Remark' }).optional(),
  place: geometry({ zh: '位置', en: 'Place' }, 'Point').optional(),
  division: division({ zh: '所在乡镇(街道)', en: 'Township' }),
}

export const alerts = dataset('sensing.alert', {
  title: { zh: '预警', en: 'Alerts' },
  fields: alertFields,
  keeper: 'county',
  closed: true,
  offline: true,
  label: '{title}',
  columns: ['level', 'title', 'state', 'raised', 'division'],
  catalogue: { share: 'conditional', open: 'open', updates: 'live', steward: 'emergency-bureau' },
})

export type Sensor = RecOf<typeof sensors>
export type Threshold = RecOf<typeof thresholds>
export type Alert = RecOf<typeof alerts>

export { alertTitle } from './alert-title.ts'
export { type Metric, type MetricName, metricList, metricOf, metrics } from './metrics.ts'
