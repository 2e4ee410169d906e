// The palette: pages and things, found by what is typed.
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
  // The list may still answer what was typed before: then Enter must not open its first row, the page of its own answers.
  const answered = palette.querySelector('#palette-found').dataset.words === palette.querySelector('input').value.trim();
  if (!first || !answered) return;
  event.preventDefault();
  location.assign(first.href);
});
