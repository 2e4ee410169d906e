// What every page runs. Each module does its part when it is imported, and a page works without any of them.
import './charts.js';
import './clock.js';
import './dialogs.js';
import './forms.js';
import './freshness.js';
import './live.js';
import './menus.js';
import './messages.js';
import './palette.js';
import './picking.js';
import './shortcuts.js';

document.querySelector('[data-print]')?.addEventListener('click', () => print());
