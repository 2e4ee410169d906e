// What a form refused is read first.
document.querySelector('.summary')?.focus();

// Forms with data-ask are not left by a slip while something in them is neither saved nor kept.
const dirty = new Set();
const asking = (element) => element.closest?.('form[data-ask]');

document.addEventListener('input', ({ target }) => { if (asking(target)) dirty.add(asking(target)); });
document.addEventListener('submit', ({ target }) => dirty.delete(target));
addEventListener('beforeunload', (event) => { if (dirty.size) event.preventDefault(); });

document.addEventListener('htmx:after:swap', ({ target }) => {
  const form = asking(target);
  if (!form) return;
  // A button changed the rows: what looks at the form has to look again. What was kept need not be asked for.
  if (target.id === 'stages' || target.id === 'rows') { dirty.add(form); htmx.trigger(form, 'plan'); }
  if (target.id === 'kept') dirty.delete(form);
});
