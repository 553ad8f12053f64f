// One outline set, drawn on a 24-unit grid with a stroke of 1.75: calm beside Chinese text of 15 px.

const drawings = {
  today: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4M8.5 15l2.5 2.5 4.5-5',
  map: 'M9 4 3.5 6v14L9 18l6 2 5.5-2V4L15 6zM9 4v14M15 6v14',
  trace: 'M12 21v-9M12 12c0-4 2.5-7 8-7 0 5-3 8-8 8zM12 15c0-3-2-5.5-7-5.5 0 4 2.5 6.5 7 6.5z',
  sensing:
    'M12 13a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM8.5 15a5 5 0 0 1 0-7M15.5 8a5 5 0 0 1 0 7M5.6 17.9a9 9 0 0 1 0-12.8M18.4 5.1a9 9 0 0 1 0 12.8M12 13v8',
  cases: 'M9 4h6v3H9zM9 5.5H5.5V21h13V5.5H15M9 12h6M9 16h4',
  registers:
    'M5 4.5A2.5 2.5 0 0 1 7.5 2H19v20H7.5A2.5 2.5 0 0 1 5 19.5zM5 19.5A2.5 2.5 0 0 1 7.5 17H19M9 6.5h6M9 10.5h4',
  numbers: 'M4 20h16M7 20v-6M12 20V5M17 20v-9',
  sync: 'M8 20V5M4.5 8.5 8 5l3.5 3.5M16 4v15M12.5 15.5 16 19l3.5-3.5',
  system:
    'M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM19.4 13.5l1.6 1.2-2 3.4-1.9-.7a7.5 7.5 0 0 1-2.6 1.5L14.2 21h-4.4l-.3-2.1a7.5 7.5 0 0 1-2.6-1.5l-1.9.7-2-3.4 1.6-1.2a7.6 7.6 0 0 1 0-3L3 9.3l2-3.4 1.9.7a7.5 7.5 0 0 1 2.6-1.5L9.8 3h4.4l.3 2.1a7.5 7.5 0 0 1 2.6 1.5l1.9-.7 2 3.4-1.6 1.2a7.6 7.6 0 0 1 0 3z',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.9-4.9',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  check: 'M4.5 12.5l5 5 10-11',
  close: 'M6 6l12 12M18 6 6 18',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  right: 'M9 6l6 6-6 6',
  left: 'M15 6l-6 6 6 6',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  edit: 'M4 20l1-4.5L16.5 4 20 7.5 8.5 19zM14 6.5 17.5 10',
  trash: 'M4 7h16M9 7V4h6v3M6.5 7l1 13.5h9l1-13.5M10 11v6M14 11v6',
  download: 'M12 4v11M7.5 10.5 12 15l4.5-4.5M4 20h16',
  upload: 'M12 15V4M7.5 8.5 12 4l4.5 4.5M4 20h16',
  print: 'M7 8V3h10v5M7 17H4V8h16v9h-3M7 14h10v7H7z',
  filter: 'M4 6h16M7 12h10M10 18h4',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5.5l3.5 2',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
  place:
    'M12 21.5c4.5-4.7 7-8 7-11.5a7 7 0 1 0-14 0c0 3.5 2.5 6.8 7 11.5zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  locate: 'M12 17.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM12 3v3.5M12 17.5V21M3 12h3.5M17.5 12H21',
  ruler: 'M3 16 16 3l5 5L8 21zM7 12l2 2M10 9l2 2M13 6l2 2',
  draw: 'M5 17 8 7l9-1.5L19 16l-7 3zM5 17h.01M8 7h.01M17 5.5h.01M19 16h.01M12 19h.01',
  layers: 'M12 3 3 8l9 5 9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5',
  camera: 'M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6z',
  file: 'M6 2.5h8L19 8v13.5H6zM14 2.5V8h5',
  phone:
    'M5 3.5h4l1.5 5-2.5 2a12 12 0 0 0 5.5 5.5l2-2.5 5 1.5v4c0 .8-.7 1.5-1.5 1.5A17 17 0 0 1 3.5 5c0-.8.7-1.5 1.5-1.5z',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.5-3.5a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.5 3.5a4 4 0 0 0 5.7 5.7l1.5-1.5',
  lock: 'M6 11h12v10H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5h.01',
  warn: 'M12 3.5 22 20.5H2zM12 10v5M12 17.8h.01',
  stop: 'M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM12 7.5v5.5M12 16.5h.01',
  done: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 12.3l2.8 2.8L16 9.5',
  cloud: 'M7 18.5a4 4 0 0 1-.5-8A6 6 0 0 1 18 11a3.8 3.8 0 0 1-.5 7.5z',
  offline:
    'M3 3l18 18M8.5 8.5a6 6 0 0 0-2 2 4 4 0 0 0 .5 8h10.5M11 6.1A6 6 0 0 1 18 11a3.8 3.8 0 0 1 2.7 5.5',
  device: 'M7 2.5h10v19H7zM11 18.5h2',
  building: 'M5 21V4h9v17M14 9h5v12M3 21h18M8 8h3M8 12h3M8 16h3M16.5 13h.01M16.5 17h.01',
  water: 'M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 14h2v2M14 18v2h2M20 18v2h-2',
  question:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2 1-1.2 1.8M12 16.8h.01',
  undo: 'M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-4',
  out: 'M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5',
  expand: 'M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5',
} as const

export type IconName = keyof typeof drawings

export interface IconProps {
  name: IconName
  /** Spoken name. Without it the icon is decoration, and the word beside it speaks. */
  label?: string
  size?: 'small' | 'large'
}

/** A drawing beside a word; colour and size come from the text around it. */
export function Icon({ name, label, size }: IconProps) {
  const spoken = label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' }
  return (
    <svg class={size ? `icon icon-${size}` : 'icon'} viewBox="0 0 24 24" focusable="false" {...spoken}>
      <path d={drawings[name]} />
    </svg>
  )
}

export const iconNames = Object.keys(drawings) as IconName[]
