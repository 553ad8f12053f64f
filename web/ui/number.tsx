import { Sparkline } from './chart.tsx'
import { type Child, classes, type Level, type Say } from './props.ts'

export interface NumberCardProps {
  t: Say
  title: string
  /** Already written as people read it: 12,345.6 */
  value: string
  unit?: string
  /** 09:40 */
  asOf?: string
  /** The records behind the number. */
  path?: string
  /** What exactly is counted. */
  meaning?: string
  trend?: (number | null)[]
  /** 比上周 +12 */
  change?: string
  level?: Level
  /** The data are older than they should be: said in words. */
  stale?: string
}

/** One number, when it was true, and the way to its records. */
export function NumberCard({
  t,
  title,
  value,
  unit,
  asOf,
  path,
  meaning,
  trend,
  change,
  level,
  stale,
}: NumberCardProps) {
  return (
    <div class={classes('number', level && `number-${level}`)}>
      <p class="number-title" title={meaning}>
        {title}
      </p>
      <p class="number-value">
        {path ? (
          <a href={path}>
            {value || '—'}
            {unit && <small>{unit}</small>}
          </a>
        ) : (
          <>
            {value || '—'}
            {unit && <small>{unit}</small>}
          </>
        )}
      </p>
      {trend && trend.length > 1 && <Sparkline values={trend} label={`${title}${unit ? `(${unit})` : ''}`} />}
      <p class="number-foot">
        {change && <span>{change}</span>}
        {stale ? (
          <span class="number-stale">{stale}</span>
        ) : (
          asOf && <span>{t({ zh: `截至 ${asOf}`, en: `as of ${asOf}` })}</span>
        )}
      </p>
    </div>
  )
}

export function Numbers({ children }: { children?: Child }) {
  return <div class="numbers">{children}</div>
}
