// The print button of a sheet; without scripts the page says Ctrl + P.
document.querySelector('[data-print]')?.addEventListener('click', () => window.print())
