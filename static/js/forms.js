// Focus the summary of a form's errors, so that it is read first.
document.querySelector('.summary')?.focus();

// The browser asks before leaving a form with data-ask that has unsaved input.
const dirty = new Set();
const asking = (element) => element.closest?.('form[data-ask]');

document.addEventListener('input', ({ target }) => { if (asking(target)) dirty.add(asking(target)); });
document.addEventListener('submit', ({ target }) => dirty.delete(target));
addEventListener('beforeunload', (event) => { if (dirty.size) event.preventDefault(); });

document.addEventListener('htmx:after:swap', ({ target }) => {
  const form = asking(target);
  if (!form) return;
  // If a button changed the rows, the form's checks must run again. Input that was kept needs no question.
  if (target.id === 'stages' || target.id === 'rows') { dirty.add(form); htmx.trigger(form, 'plan'); }
  if (target.id === 'kept') dirty.delete(form);
});
