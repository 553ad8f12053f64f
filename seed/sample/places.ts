// The 14 townships of Yuanjiang with their real names and codes. Seats are schematic: near enough for a map of the county
// to look right, not surveyed. `weight` shares people and farms out.

export interface Town {
  code: string
  name: string
  /** 草尾, without 镇 or 街道. */
  short: string
  lng: number
  lat: number
  weight: number
}

export const towns: Town[] = [
  { code: '430981006', name: '琼湖街道', short: '琼湖', lng: 112.357, lat: 28.844, weight: 18 },
  { code: '430981008', name: '胭脂湖街道', short: '胭脂湖', lng: 112.31, lat: 28.785, weight: 7 },
  { code: '430981102', name: '四季红镇', short: '四季红', lng: 112.465, lat: 29.075, weight: 4 },
  { code: '430981105', name: '泗湖山镇', short: '泗湖山', lng: 112.625, lat: 28.985, weight: 7 },
  { code: '430981107', name: '南嘴镇', short: '南嘴', lng: 112.285, lat: 28.93, weight: 5 },
  { code: '430981108', name: '新湾镇', short: '新湾', lng: 112.395, lat: 28.79, weight: 5 },
  { code: '430981110', name: '茶盘洲镇', short: '茶盘洲', lng: 112.79, lat: 28.99, weight: 6 },
  { code: '430981112', name: '南大膳镇', short: '南大膳', lng: 112.725, lat: 29.035, weight: 9 },
  { code: '430981113', name: '黄茅洲镇', short: '黄茅洲', lng: 112.515, lat: 29.06, weight: 9 },
  { code: '430981114', name: '草尾镇', short: '草尾', lng: 112.405, lat: 29.035, weight: 12 },
  { code: '430981115', name: '阳罗洲镇', short: '阳罗洲', lng: 112.59, lat: 29.105, weight: 8 },
  { code: '430981116', name: '共华镇', short: '共华', lng: 112.52, lat: 28.965, weight: 8 },
  {
    code: '430981401',
    name: '南洞庭湿地保护与发展事务中心',
    short: '南洞庭',
    lng: 112.51,
    lat: 28.88,
    weight: 1,
  },
  {
    code: '430981402',
    name: '漉湖湿地保护与发展事务中心',
    short: '漉湖',
    lng: 112.72,
    lat: 28.94,
    weight: 1,
  },
]

export const caowei = towns.find((town) => town.short === '草尾')!
