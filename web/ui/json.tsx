import { raw } from 'hono/html'

/** Data for a script, carried in the page: never executed, so the strict CSP lets it stand. */
export function Json({ data, name }: { data: unknown; name: string }) {
  // `<` alone could end the element early; escaped it is still the same JSON.
  const text = JSON.stringify(data).replaceAll('<', '\\u003c')
  return (
    <script type="application/json" data-json={name}>
      {raw(text)}
    </script>
  )
}
