// Selects rows of a list for its Actions menu.
import { all, put } from './dom.js';

const count = (form) => {
  const rows = all('[data-pick-row]', form);
  const checked = rows.filter((row) => row.checked);
  const chosen = checked.length;
  const head = form.querySelector('[data-pick-all]');
  if (head) Object.assign(head, { checked: chosen > 0, indeterminate: chosen > 0 && chosen < rows.length });
  const actions = form.querySelector('[data-pick-actions]');
  if (!actions) return;
  put(actions.querySelector('[data-pick-count]'), String(chosen));
  all('button', actions).forEach((button) => {
    button.disabled = chosen === 0 || ('pickOne' in button.dataset && chosen > 1);
    const states = button.dataset.states?.split('|');
    if (states) button.hidden = chosen > 0 && !checked.some((row) => states.includes(row.dataset.state));
  });
};
document.addEventListener('change', (event) => {
  const form = event.target.closest('[data-pick]');
  if (!form) return;
  if ('pickAll' in event.target.dataset) {
    all('[data-pick-row]', form).forEach((row) => { row.checked = event.target.checked; });
  }
  count(form);
});
// A list with selected rows is not refreshed until the selection is used or cleared.
document.addEventListener('htmx:before:request', (event) => {
  const list = event.detail.ctx.sourceElement.closest('[data-pick]');
  if (list?.querySelector('[data-pick-row]:checked')) event.preventDefault();
});
const countAll = () => all('[data-pick]').forEach(count);
countAll();
document.addEventListener('htmx:after:swap', countAll);
