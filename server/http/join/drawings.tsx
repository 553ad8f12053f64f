// Sketches of what people will see on their own screens, drawn here so that nothing is fetched: windows, phones, rows,
// buttons, and an orange ring around what to press. Words in them are the words of the real dialogs.

import type { Child } from 'hono/jsx'

interface At {
  x: number
  y: number
}

/** A picture of its own height; the same width for all, so that steps line up. */
export function Picture({ title, height, children }: { title: string; height: number; children: Child }) {
  return (
    <svg class="sketch" viewBox={`0 0 340 ${height}`} role="img" aria-label={title}>
      <rect class="sk-ground" width="340" height={height} rx="8" />
      {children}
    </svg>
  )
}

export function Words({
  x,
  y,
  children,
  size = 13,
  look = 'ink',
  anchor = 'start',
}: At & {
  children: Child
  size?: number
  look?: 'ink' | 'soft' | 'bold' | 'white' | 'link'
  anchor?: 'start' | 'middle' | 'end'
}) {
  return (
    <text class={`sk-${look}`} x={x} y={y} font-size={size} text-anchor={anchor}>
      {children}
    </text>
  )
}

/** A window of a PC with its title bar. */
export function Dialog({
  x,
  y,
  width,
  height,
  title,
  children,
}: At & { width: number; height: number; title: string; children: Child }) {
  return (
    <g>
      <rect class="sk-paper" x={x} y={y} width={width} height={height} rx="5" />
      <path class="sk-bar" d={`M${x} ${y + 26}v-21a5 5 0 0 1 5-5h${width - 10}a5 5 0 0 1 5 5v21z`} />
      <Words x={x + 10} y={y + 18} size={12} look="bold">
        {title}
      </Words>
      <path class="sk-cross" d={`M${x + width - 18} ${y + 9}l8 8m0-8l-8 8`} />
      {children}
    </g>
  )
}

/** The upper part of a phone. */
export function Phone({ height, children }: { height: number; children: Child }) {
  return (
    <g>
      <path
        class="sk-phone"
        d={`M62 ${height}v-${height - 30}a18 18 0 0 1 18-18h180a18 18 0 0 1 18 18v${height - 30}z`}
      />
      <rect class="sk-paper" x="70" y="28" width="200" height={height - 28} />
      <circle class="sk-eye" cx="170" cy="20" r="3" />
      {children}
    </g>
  )
}

/** A row in the settings of a phone. */
export function Row({
  y,
  children,
  press,
  toggle,
  note,
}: {
  y: number
  children: Child
  press?: boolean
  toggle?: boolean
  note?: string
}) {
  return (
    <g>
      <path class="sk-line" d={`M78 ${y + 34}h184`} />
      <Words x={82} y={y + 22} size={12.5} look={press ? 'bold' : 'ink'}>
        {children}
      </Words>
      {note && (
        <Words x={246} y={y + 22} size={11} look="soft" anchor="end">
          {note}
        </Words>
      )}
      {toggle ? (
        <g>
          <rect class="sk-on" x="224" y={y + 8} width="34" height="19" rx="9.5" />
          <circle class="sk-knob" cx="248" cy={y + 17.5} r="7.5" />
        </g>
      ) : (
        <path class="sk-arrow" d={`M252 ${y + 13}l4.5 4.5l-4.5 4.5`} />
      )}
      {press &&
        (toggle ? (
          <Ring x={219} y={y + 3} width={44} height={29} />
        ) : (
          <Ring x={74} y={y + 2} width={192} height={31} />
        ))}
    </g>
  )
}

export function Key({
  x,
  y,
  width,
  children,
  press,
  look = 'plain',
}: At & { width: number; children: Child; press?: boolean; look?: 'plain' | 'main' | 'text' }) {
  return (
    <g>
      {look !== 'text' && <rect class={`sk-key-${look}`} x={x} y={y} width={width} height="24" rx="4" />}
      <Words
        x={x + width / 2}
        y={y + 16.5}
        size={12}
        look={look === 'main' ? 'white' : look === 'text' ? 'link' : 'ink'}
        anchor="middle"
      >
        {children}
      </Words>
      {press && <Ring x={x - 5} y={y - 5} width={width + 10} height={34} />}
    </g>
  )
}

export function Choice({
  x,
  y,
  children,
  on,
  square,
  press,
  width = 150,
}: At & { children: Child; on?: boolean; square?: boolean; press?: boolean | 'first'; width?: number }) {
  return (
    <g>
      {square ? (
        <rect class={on ? 'sk-on' : 'sk-off'} x={x} y={y - 10} width="13" height="13" rx="2" />
      ) : (
        <circle class="sk-off" cx={x + 6.5} cy={y - 4} r="6.5" />
      )}
      {on &&
        (square ? (
          <path class="sk-tick" d={`M${x + 3} ${y - 4}l3 3l5-6`} />
        ) : (
          <circle class="sk-on" cx={x + 6.5} cy={y - 4} r="3.5" />
        ))}
      <Words x={x + 20} y={y} size={12}>
        {children}
      </Words>
      {press && <Ring x={x - 6} y={y - 17} width={width} height={26} finger={press !== 'first'} />}
    </g>
  )
}

/** What to press: a ring and a finger. */
function Ring({
  x,
  y,
  width,
  height,
  finger = true,
}: At & { width: number; height: number; finger?: boolean }) {
  const [tipX, tipY] = [x + width - 12, y + height - 7]
  return (
    <g>
      <rect class="sk-ring" x={x} y={y} width={width} height={height} rx="8" />
      {finger && (
        <path
          class="sk-finger"
          d={`M${tipX} ${tipY}c-3.2 0-4.6 2.4-3.4 5l4.6 9.6l-3.6-.8c-3.4-.6-4.6 3-2 4.8l8.4 6.2c4.6 3 12 1.4 14.2-3.6c1.6-3.8.6-8.2-.6-11.6c-.8-2.4-3-3.4-5.2-2.8l-5.4 1.2l-3.8-6.4c-.6-1-1.8-1.6-3.2-1.6z`}
        />
      )}
    </g>
  )
}

/** A certificate as an icon. */
export function Paper({ x, y }: At) {
  return (
    <g>
      <rect class="sk-doc" x={x} y={y} width="28" height="34" rx="2" />
      <path class="sk-line" d={`M${x + 5} ${y + 8}h18M${x + 5} ${y + 14}h18M${x + 5} ${y + 20}h9`} />
      <circle class="sk-seal" cx={x + 20} cy={y + 25} r="5" />
    </g>
  )
}
