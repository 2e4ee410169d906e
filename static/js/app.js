(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

  // --- The server's clock: the header and the countdowns follow it, whatever this computer's clock says
  const clock = document.querySelector('[data-clock]');
  const shown = clock?.querySelector('time');
  const ahead = shown ? Date.parse(shown.dateTime) - Date.now() : 0;
  const now = () => new Date(Date.now() + ahead);
  const two = (number) => String(number).padStart(2, '0');
  const zulu = (moment) => `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}Z`;

  const format = clock && new Intl.DateTimeFormat(document.documentElement.lang || 'en', {
    timeZone: clock.dataset.clock, weekday: 'short', day: 'numeric', month: 'short',
    hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short',
  });
  const showClock = () => {
    const moment = now();
    const p = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
    shown.firstChild.data = `${p.weekday} ${p.day} ${p.month} ${p.hour}:${p.minute} `;
    put(shown.querySelector('small'), `${p.timeZoneName} ${zulu(moment)}`);
  };

  // The same words as the `countdown` template tag.
  const duration = (milliseconds) => {
    const s = Math.floor(milliseconds / 1000);
    if (s <= 0) return 'now';
    if (s >= 86400) return `${Math.floor(s / 86400)} d ${two(Math.floor((s % 86400) / 3600))} h`;
    if (s >= 3600) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
    return s >= 60 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${s} s`;
  };

  const tick = () => {
    if (clock) showClock();
    all('[data-countdown]').forEach((time) => put(time, duration(Date.parse(time.dateTime) - now())));
  };
  tick();
  setInterval(tick, 1000);

  // --- Is what the page shows still fresh?
  const live = document.querySelector('[data-live]');
  const say = (state) => {
    if (!live || live.dataset.live === state) return;
    live.dataset.live = state;
    if (state === 'silent') put(live.querySelector('[data-live-since]'), zulu(now()));
  };
  // Live while the stream of nudges is open, polling while only the blocks' own polls are answered.
  let fresh = 'polling';
  document.addEventListener('gridcall:stream', ({ detail }) => {
    fresh = detail === 'open' ? 'live' : 'polling';
    if (live?.dataset.live === 'live' || live?.dataset.live === 'polling') say(fresh);
  });
  const freshOrNothing = () => say(document.querySelector('[hx-trigger*="every"]') ? fresh : '');
  if (navigator.onLine) freshOrNothing(); else say('offline');
  addEventListener('offline', () => say('offline'));
  addEventListener('online', freshOrNothing);
  document.addEventListener('htmx:after:request', (event) => {
    if (event.detail.ctx.response.status < 500) freshOrNothing(); else say('silent');
  });
  document.addEventListener('htmx:error', () => say(navigator.onLine ? 'silent' : 'offline'));

  // Signed out meanwhile: a live block would swap the sign-in page into itself.
  document.addEventListener('htmx:before:response', (event) => {
    const { raw } = event.detail.ctx.response;
    const login = document.querySelector('meta[name="login"]').content;
    if (!raw.redirected || new URL(raw.url).pathname !== login) return;
    event.preventDefault();
    location.reload();
  });

  // --- Dialogs: the link leads to the confirm page, the dialog saves the way. Closing gives the focus back by itself.
  const openDialog = (event, opener) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
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
  // A red button asks first: the form of its page comes as a dialog; where that page says something else, it opens.
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
  document.querySelector('.summary')?.focus();

  document.querySelector('[data-print]')?.addEventListener('click', () => print());

  // --- Drop-downs, and the numbers behind a chart
  const closeMenus = (except) => all('details.menu[open]').forEach((menu) => {
    if (!menu.contains(except)) menu.removeAttribute('open');
  });
  document.addEventListener('click', (event) => {
    closeMenus(event.target);
    const red = event.target.closest('main a.btn-outline-danger');
    if (red && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); ask(red); return; }
    const link = event.target.closest('[data-dialog], [data-close], a[href^="#"]');
    if (!link) return;
    if (link.dataset.dialog) openDialog(event, link);
    else if ('close' in link.dataset) closeDialog(event, link);
    else document.getElementById(link.hash.slice(1))?.closest('details')?.setAttribute('open', '');
  });
  document.addEventListener('keydown', (event) => {
    const menu = event.key === 'Escape' && document.activeElement.closest('details.menu[open]');
    if (!menu) return;
    menu.removeAttribute('open');
    menu.querySelector('summary').focus();
  });

  // --- The palette and the shortcuts
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

  let before = '';
  const byKey = (event) => {
    const keys = before ? `${before} ${event.key}` : event.key;
    before = event.key === 'g' && !before ? 'g' : '';
    if (event.key === '?') return () => document.getElementById('shortcuts').showModal();
    if (event.key === '/') return () => document.querySelector('main input[name=q], main input[type=search]')?.focus();
    const link = document.querySelector(`#shortcuts [data-key="${CSS.escape(keys)}"]`);
    return link && (() => location.assign(link.href));
  };
  document.addEventListener('keydown', (event) => {
    if (!palette) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (!palette.open) palette.showModal();
      return;
    }
    if (!('shortcuts' in document.documentElement.dataset) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest('input, select, textarea, [contenteditable], dialog')) return;
    const act = byKey(event);
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- Choosing rows for the Actions menu
  const count = (form) => {
    const rows = all('[data-pick-row]', form);
    const chosen = rows.filter((row) => row.checked).length;
    const head = form.querySelector('[data-pick-all]');
    if (head) Object.assign(head, { checked: chosen > 0, indeterminate: chosen > 0 && chosen < rows.length });
    const actions = form.querySelector('[data-pick-actions]');
    if (!actions) return;
    put(actions.querySelector('[data-pick-count]'), String(chosen));
    all('button', actions).forEach((button) => {
      button.disabled = chosen === 0 || ('pickOne' in button.dataset && chosen > 1);
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
  // Rows somebody chose stay as they are until the choice is used or taken back.
  document.addEventListener('htmx:before:request', (event) => {
    const list = event.detail.ctx.sourceElement.closest('[data-pick]');
    if (list?.querySelector('[data-pick-row]:checked')) event.preventDefault();
  });
  const countAll = () => all('[data-pick]').forEach(count);
  countAll();
  document.addEventListener('htmx:after:swap', countAll);
})();
