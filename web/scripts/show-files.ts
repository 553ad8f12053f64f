// What was chosen, before it travels over a thin line: pictures are seen, each can be taken out again, and a second
// picture comes beside the first. (A phone's camera hands over one at a time, and the browser would forget the one before.)

import { say, whenDrawn } from './drawn.ts'

export function showFiles() {
  whenDrawn('[data-files]', (place) => {
    const input = place.querySelector<HTMLInputElement>('input[type=file]')
    if (!input) return
    let kept: File[] = []
    const list = Object.assign(document.createElement('ul'), { className: 'files-chosen' })
    const sum = Object.assign(document.createElement('p'), { className: 'files-says' })
    sum.setAttribute('role', 'status')
    place.append(list, sum)
    const show = () => {
      const all = new DataTransfer()
      for (const file of kept) all.items.add(file)
      input.files = all.files
      list.replaceChildren(
        ...kept.map((file) =>
          one(file, () => {
            kept = kept.filter((each) => each !== file)
            show()
            input.focus()
          }),
        ),
      )
      const bytes = kept.reduce((total, file) => total + file.size, 0)
      sum.textContent =
        kept.length === 0
          ? ''
          : say(
              `选了 ${kept.length} 个,共 ${(bytes / 1024 ** 2).toFixed(1)} MB`,
              `${kept.length} chosen, ${(bytes / 1024 ** 2).toFixed(1)} MB`,
            )
    }
    input.addEventListener('change', () => {
      const known = new Set(kept.map(nameOf))
      kept = [...kept, ...[...(input.files ?? [])].filter((file) => !known.has(nameOf(file)))]
      show()
    })
  })
}

const nameOf = (file: File) => `${file.name} ${file.size} ${file.lastModified}`

function one(file: File, takeOut: () => void): HTMLElement {
  const item = document.createElement('li')
  if (file.type.startsWith('image/')) {
    const picture = document.createElement('img')
    picture.alt = ''
    picture.src = URL.createObjectURL(file)
    picture.addEventListener('load', () => URL.revokeObjectURL(picture.src))
    item.append(picture)
  }
  const words = Object.assign(document.createElement('span'), { textContent: file.name })
  const out = Object.assign(document.createElement('button'), {
    type: 'button',
    className: 'button button-quiet',
    textContent: say('去掉', 'Remove'),
  })
  out.setAttribute('aria-label', say(`去掉 ${file.name}`, `Remove ${file.name}`))
  out.addEventListener('click', takeOut)
  item.append(words, out)
  return item
}
