// Every page counts the alerts that nobody has acknowledged, in its title and menus, and shows a new one as it comes.
import { all, put } from './dom.js';

const KNOWN = 'gridcall:newest-alert'; // the newest alert this window has heard of, so that each is shown once
const toasts = document.querySelector('[data-toasts]');
const named = document.title.replace(/^\(\d+\) /, '');

const show = (toast) => {
  const shown = document.createElement('div');
  shown.className = 'toast-alert';
  shown.append(...[...toast.childNodes].map((node) => node.cloneNode(true)));
  toasts.replaceChildren(shown);
};

const look = () => {
  const bell = document.querySelector('[data-unseen]');
  if (!bell) return;
  const unseen = Number(bell.dataset.unseen);
  document.title = unseen ? `(${unseen}) ${named}` : named;
  all('[data-unseen-count]').forEach((count) => {
    count.hidden = !unseen;
    put(count.firstElementChild, bell.lastChild.data.trim());
  });
  const { newest } = bell.dataset;
  const toast = document.querySelector('[data-toast]');
  if (!newest || !toast) return;
  const known = sessionStorage.getItem(KNOWN);
  if (known !== null && Number(newest) > Number(known)) show(toast);
  if (known === null || Number(newest) > Number(known)) sessionStorage.setItem(KNOWN, newest);
};

document.addEventListener('htmx:after:swap', look);
document.addEventListener('click', ({ target }) => target.closest('[data-toast-close]')?.closest('.toast-alert').remove());
