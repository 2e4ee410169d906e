// A link that acts opens a dialog instead of its confirm page. The browser returns the focus to the link afterwards.

// Whether the click asks for another tab or window.
const elsewhere = (event) => event.ctrlKey || event.metaKey || event.shiftKey;

const openDialog = (event, opener) => {
  const dialog = document.getElementById(opener.dataset.dialog);
  if (!dialog || elsewhere(event)) return;
  event.preventDefault();
  opener.closest('details.menu')?.removeAttribute('open');
  dialog.showModal();
};

const closeDialog = (event, closer) => {
  const dialog = closer.closest('dialog');
  if (!dialog) return;
  event.preventDefault();
  dialog.close();
};

// A red button shows the form of its confirm page as a dialog. If the page has no such form, it is opened instead.
const ask = async (opener) => {
  const answer = await fetch(opener.href).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html');
  const form = page && page.querySelector('.confirm form');
  if (!form || answer.redirected) { location.assign(opener.href); return; }
  const dialog = document.getElementById('main').appendChild(document.createElement('dialog'));
  const title = form.querySelector('.confirm-title');
  form.action = opener.href;
  title.id = 'asked';
  title.setAttribute('aria-level', '2');
  dialog.className = 'dialog';
  dialog.setAttribute('aria-labelledby', title.id);
  dialog.append(form);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.showModal();
};

document.addEventListener('click', (event) => {
  const red = event.target.closest('main a.btn-outline-danger');
  if (red && !elsewhere(event)) { event.preventDefault(); ask(red); return; }
  const link = event.target.closest('[data-dialog], [data-close], a[href^="#"]');
  if (link?.dataset.dialog) openDialog(event, link);
  else if (link && 'close' in link.dataset) closeDialog(event, link);
});
