// Loaded by every page. Each module acts when it is imported, and pages work without any of them.
import './alerts.js';
import './charts.js';
import './clock.js';
import './copy.js';
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
