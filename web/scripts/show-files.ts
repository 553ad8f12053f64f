// Which files were chosen and how large they are, before they travel over a thin line.

import { say } from './drawn.ts'

export function showFiles() {
  document.addEventListener('change', (event) => {
    const input = event.target as HTMLInputElement
    if (!input.matches('[data-files] input[type=file]')) return
    const place =
      input.parentElement!.querySelector<HTMLElement>('.files-says') ??
      Object.assign(document.createElement('p'), { className: 'files-says' })
    const files = [...(input.files ?? [])]
    const bytes = files.reduce((sum, file) => sum + file.size, 0)
    place.textContent =
      files.length === 0
        ? ''
        : say(
            `选了 ${files.length} 个文件,共 ${(bytes / 1024 ** 2).toFixed(1)} MB`,
            `${files.length} files, ${(bytes / 1024 ** 2).toFixed(1)} MB`,
          )
    place.setAttribute('role', 'status')
    input.after(place)
  })
}
