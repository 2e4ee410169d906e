// The palette: finds pages and objects as you type.
import { all } from './dom.js';

const palette = document.getElementById('palette');
const rows = () => all('[data-palette-row]', palette);
const step = (by) => {
  const at = rows().indexOf(document.activeElement);
  const next = rows()[at + by];
  if (next) next.focus(); else if (by < 0) palette.querySelector('input').focus();
};
palette?.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  event.preventDefault();
  step(event.key === 'ArrowDown' ? 1 : -1);
});
palette?.querySelector('form').addEventListener('submit', (event) => {
  const first = rows()[0];
  // While the list still belongs to earlier input, Enter opens the full page instead of the list's first row.
  const answered = palette.querySelector('#palette-found').dataset.words === palette.querySelector('input').value.trim();
  if (!first || !answered) return;
  event.preventDefault();
  location.assign(first.href);
});
