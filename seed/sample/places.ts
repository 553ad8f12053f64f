// The 14 townships of Yuanjiang with their real names and codes. Seats are schematic, as on our base map: near enough for a
// map of the county to look right, not surveyed. `weight` shares people and farms out.

export interface Town {
  code: string
  name: string
  /** 草尾, without 镇 or 街道. */
  short: string
  lng: number
  lat: number
  /** How far fields reach from the seat, against the ordinary four kilometres: the lake and the county border are near some. */
  spread: number
  weight: number
}

export const towns: Town[] = [
  { code: '430981006', name: '琼湖街道', short: '琼湖', lng: 112.359, lat: 28.842, spread: 0.8, weight: 18 },
  {
    code: '430981008',
    name: '胭脂湖街道',
    short: '胭脂湖',
    lng: 112.376,
    lat: 28.744,
    spread: 0.6,
    weight: 7,
  },
  { code: '430981102', name: '四季红镇', short: '四季红', lng: 112.638, lat: 29.131, spread: 1, weight: 4 },
  { code: '430981105', name: '泗湖山镇', short: '泗湖山', lng: 112.592, lat: 28.968, spread: 0.9, weight: 7 },
  { code: '430981107', name: '南嘴镇', short: '南嘴', lng: 112.309, lat: 28.931, spread: 0.5, weight: 5 },
  { code: '430981108', name: '新湾镇', short: '新湾', lng: 112.308, lat: 28.798, spread: 0.7, weight: 5 },
  { code: '430981110', name: '茶盘洲镇', short: '茶盘洲', lng: 112.769, lat: 28.968, spread: 1, weight: 6 },
  { code: '430981112', name: '南大膳镇', short: '南大膳', lng: 112.719, lat: 29.061, spread: 1, weight: 9 },
  { code: '430981113', name: '黄茅洲镇', short: '黄茅洲', lng: 112.553, lat: 29.041, spread: 1, weight: 9 },
  { code: '430981114', name: '草尾镇', short: '草尾', lng: 112.381, lat: 29.031, spread: 1, weight: 12 },
  { code: '430981115', name: '阳罗洲镇', short: '阳罗洲', lng: 112.446, lat: 29.131, spread: 0.9, weight: 8 },
  { code: '430981116', name: '共华镇', short: '共华', lng: 112.591, lat: 28.928, spread: 0.8, weight: 8 },
  {
    code: '430981401',
    name: '南洞庭湿地保护与发展事务中心',
    short: '南洞庭',
    lng: 112.548,
    lat: 28.841,
    spread: 1,
    weight: 1,
  },
  {
    code: '430981402',
    name: '漉湖湿地保护与发展事务中心',
    short: '漉湖',
    lng: 112.861,
    lat: 29.032,
    spread: 0.9,
    weight: 1,
  },
]

export const caowei = towns.find((town) => town.short === '草尾')!
