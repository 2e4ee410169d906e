// Drop-down menus, and collapsed parts of a page (such as a chart's numbers) that open when a link leads to them.
import { all } from './dom.js';

const closeMenus = (except) => all('details.menu[open]').forEach((menu) => {
  if (!menu.contains(except)) menu.removeAttribute('open');
});
document.addEventListener('click', ({ target }) => {
  closeMenus(target);
  const link = target.closest('a[href^="#"]:not([data-dialog], [data-close])');
  if (link) document.getElementById(link.hash.slice(1))?.closest('details')?.setAttribute('open', '');
});
document.addEventListener('keydown', (event) => {
  const menu = event.key === 'Escape' && document.activeElement.closest('details.menu[open]');
  if (!menu) return;
  menu.removeAttribute('open');
  menu.querySelector('summary').focus();
});
