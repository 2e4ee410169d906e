// Keyboard shortcuts: Ctrl K opens the palette; single keys work if the person has enabled them.
const palette = document.getElementById('palette');
let before = '';
const byKey = (event) => {
  const keys = before ? `${before} ${event.key}` : event.key;
  before = event.key === 'g' && !before ? 'g' : '';
  if (event.key === '?') return () => document.getElementById('shortcuts').showModal();
  if (event.key === '/') return () => document.querySelector('main input[name=q], main input[type=search]')?.focus();
  const link = document.querySelector(`#shortcuts [data-key="${CSS.escape(keys)}"]`);
  return link && (() => location.assign(link.href));
};
document.addEventListener('keydown', (event) => {
  if (!palette) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    if (!palette.open) palette.showModal();
    return;
  }
  if (!('shortcuts' in document.documentElement.dataset) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, select, textarea, [contenteditable], dialog')) return;
  const act = byKey(event);
  if (!act) return;
  event.preventDefault();
  act();
});
