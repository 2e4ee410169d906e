// Shows in the header whether the page is up to date.
import { now, zulu } from './clock.js';
import { put } from './dom.js';

const live = document.querySelector('[data-live]');
const say = (state) => {
  if (!live || live.dataset.live === state) return;
  live.dataset.live = state;
  if (state === 'silent') put(live.querySelector('[data-live-since]'), zulu(now()));
};

// Live while the stream of nudges is open; polling while only the blocks' own polls are answered.
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

// After a sign-out, a live block would otherwise show the sign-in page inside itself.
document.addEventListener('htmx:before:response', (event) => {
  const { raw } = event.detail.ctx.response;
  const login = document.querySelector('meta[name="login"]').content;
  if (!raw.redirected || new URL(raw.url).pathname !== login) return;
  event.preventDefault();
  location.reload();
});
