import type { Geometry } from '../../server/kernel/geo.ts'
import { assetUrl } from './asset-url.ts'
import { Icon } from './icon.tsx'
import { Json } from './json.tsx'
import { classes, type Level, type Say } from './props.ts'

export interface MapLayer {
  name: string
  title: string
  /** Answers GeoJSON for `?bbox=west,south,east,north`. Feature properties: `title`, `path`, `note`, `level`, `kind` (an icon's name). */
  path: string
  count?: number
  /** Drawn when the page opens. */
  on?: boolean
  /** Colour of what has no level of its own. */
  look?: 'act' | 'green' | 'water' | 'grey' | Level
  /** Drawn again when this topic comes over /events. */
  live?: string
}

export interface MapShape {
  id?: string
  geometry: Geometry
  title?: string
  path?: string
  note?: string
  level?: Level
}

export interface MapViewProps {
  t: Say
  /** What the map shows, for people who listen to it. */
  title: string
  layers?: MapLayer[]
  /** Shapes carried in the page itself: the record's own place. */
  shapes?: MapShape[]
  /** `page` fills the window with the list beside it; `block` stands in a detail page. */
  size?: 'page' | 'block' | 'small'
  /** A list beside the map that follows the view. */
  list?: boolean
  /** Measure, locate, print. */
  tools?: boolean
  center?: [number, number]
  zoom?: number
}

/** Leaflet draws into it; without scripts the shapes read as text and the layers as links. Needs the `map` bundle. */
export function MapView(props: MapViewProps) {
  const { t, title, layers = [], shapes = [], size = 'block', list, tools } = props
  return (
    <div
      class={classes('map', `map-${size}`, list && 'map-with-list')}
      data-map
      data-live={layers.flatMap((each) => each.live ?? []).join(',') || undefined}
    >
      <Json
        name="map"
        data={{
          layers,
          shapes,
          center: props.center,
          zoom: props.zoom,
          tools: Boolean(tools),
          base: assetUrl('base-map.json'),
          words: mapWords(t),
        }}
      />
      <section class="map-stage" aria-label={title}>
        <div class="map-canvas" data-map-canvas />
      </section>
      {(list || layers.length > 0) && (
        <div class="map-side">
          {layers.length > 0 && (
            <fieldset class="map-layers">
              <legend>{t({ zh: '图层', en: 'Layers' })}</legend>
              {layers.map((layer) => (
                <label class="map-layer">
                  <input type="checkbox" data-layer={layer.name} checked={layer.on} />
                  <span class={`map-key map-key-${layer.look ?? 'act'}`} aria-hidden="true" />
                  <span>{layer.title}</span>
                  {layer.count !== undefined && <span class="count">{layer.count}</span>}
                </label>
              ))}
            </fieldset>
          )}
          {list && (
            <section class="map-list" aria-label={t({ zh: '视野内', en: 'In view' })}>
              <p class="map-list-count" data-map-count role="status" />
              <ul data-map-list />
            </section>
          )}
        </div>
      )}
      <noscript>
        <ul class="map-plain">
          {shapes.map((each) => (
            <li>
              {each.path ? <a href={each.path}>{each.title}</a> : each.title} {placeText(each.geometry)}
            </li>
          ))}
        </ul>
      </noscript>
    </div>
  )
}

export interface GeometryEditorProps {
  t: Say
  name: string
  /** GeoJSON as text, or what was typed. */
  value: string
  shapes: Geometry['type'][]
  shared: Record<string, string | undefined>
}

/** Draw on the map; the text under it is what is sent, and can be typed by hand when there is no mouse or no script. */
export function GeometryEditor({ t, name, value, shapes, shared }: GeometryEditorProps) {
  const words: Record<Geometry['type'], string> = {
    Point: t({ zh: '标出地点', en: 'Mark a point' }),
    LineString: t({ zh: '画线', en: 'Draw a line' }),
    Polygon: t({ zh: '画范围', en: 'Draw an area' }),
  }
  return (
    <div class="geometry" data-geometry>
      <Json name="geometry" data={{ shapes, base: assetUrl('base-map.json'), words: mapWords(t) }} />
      <div class="geometry-tools" data-geometry-tools hidden>
        {shapes.map((shape) => (
          <button type="button" class="button button-small" data-draw={shape} aria-pressed="false">
            <Icon name={shape === 'Point' ? 'place' : 'draw'} />
            <span>{words[shape]}</span>
          </button>
        ))}
        <button type="button" class="button button-small" data-draw-here>
          <Icon name="locate" />
          <span>{t({ zh: '用我的位置', en: 'Use my position' })}</span>
        </button>
        <button type="button" class="button button-small" data-draw-undo>
          <Icon name="undo" />
          <span>{t({ zh: '退一步', en: 'Step back' })}</span>
        </button>
        <button type="button" class="button button-small" data-draw-clear>
          <Icon name="trash" />
          <span>{t({ zh: '清空', en: 'Clear' })}</span>
        </button>
      </div>
      <div class="map-canvas geometry-canvas" data-map-canvas hidden />
      <p class="geometry-says" data-geometry-says role="status" />
      <textarea
        {...shared}
        name={name}
        class="input input-code geometry-text"
        rows={2}
        spellcheck={false}
        data-geometry-text
        placeholder={t({
          zh: '经度, 纬度,例如 112.3595, 28.8417',
          en: 'Longitude, latitude, for example 112.3595, 28.8417',
        })}
      >
        {value}
      </textarea>
    </div>
  )
}

/** 112.35954°E 28.84174°N, for print and for pages without scripts. */
export function placeText(geometry: Geometry): string {
  const first =
    geometry.type === 'Point'
      ? geometry.coordinates
      : geometry.type === 'LineString'
        ? geometry.coordinates[0]
        : geometry.coordinates[0]?.[0]
  return first ? `${first[0].toFixed(5)}°E ${first[1].toFixed(5)}°N` : ''
}

const mapWords = (t: Say) => ({
  schematic: t({ zh: '示意,非测绘成果', en: 'Schematic, not a survey' }),
  inView: t({ zh: '视野内 {n} 处', en: '{n} in view' }),
  none: t({ zh: '视野内没有记录,缩小或移动地图看看', en: 'Nothing in view; zoom out or move the map' }),
  failed: t({ zh: '图层没有取到,正在重试', en: 'The layer did not arrive; trying again' }),
  open: t({ zh: '打开', en: 'Open' }),
  measure: t({ zh: '量距离和面积', en: 'Measure' }),
  locate: t({ zh: '我的位置', en: 'My position' }),
  noPosition: t({
    zh: '没有取到位置:请在浏览器里允许定位,或在图上点选',
    en: 'No position: allow it in the browser, or click on the map',
  }),
  whole: t({ zh: '看全县', en: 'Whole county' }),
  print: t({ zh: '打印地图', en: 'Print the map' }),
  zoomIn: t({ zh: '放大', en: 'Zoom in' }),
  zoomOut: t({ zh: '缩小', en: 'Zoom out' }),
  metres: t({ zh: '米', en: 'm' }),
  kilometres: t({ zh: '公里', en: 'km' }),
  mu: t({ zh: '亩', en: 'mu' }),
  length: t({ zh: '长', en: 'Length' }),
  area: t({ zh: '面积', en: 'Area' }),
  clickPoint: t({ zh: '在图上点一下', en: 'Click on the map' }),
  clickLine: t({ zh: '依次点出转折处,双击或按回车结束', en: 'Click each turn; double-click or Enter ends' }),
  clickArea: t({
    zh: '沿边界依次点,至少三点,双击或按回车结束;画好后可拖动顶点',
    en: 'Click along the boundary, three points or more; double-click or Enter ends; then drag corners',
  }),
  drawn: t({ zh: '已画好', en: 'Drawn' }),
  empty: t({ zh: '还没有画', en: 'Nothing drawn yet' }),
  unreadable: t({
    zh: '这段坐标读不出来,请写成「经度, 纬度」或在图上重画',
    en: 'These coordinates cannot be read; write "longitude, latitude" or draw again',
  }),
})
