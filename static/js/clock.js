// The server's clock: the header and the countdowns follow it, even if this computer's clock is wrong.
import { all, put } from './dom.js';

const clock = document.querySelector('[data-clock]');
const shown = clock?.querySelector('time');
const ahead = shown ? Date.parse(shown.dateTime) - Date.now() : 0;
export const now = () => new Date(Date.now() + ahead);
const two = (number) => String(number).padStart(2, '0');
export const zulu = (moment) => `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}Z`;

const format = clock && new Intl.DateTimeFormat(document.documentElement.lang || 'en', {
  timeZone: clock.dataset.clock, weekday: 'short', day: 'numeric', month: 'short',
  hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'shortOffset',
});
const partsOf = (moment) => Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
// The server names the zone as people there do ("EST"); browsers know such names only in some languages. If the clocks
// change while the page is open, its offset is shown.
const named = shown?.querySelector('small').textContent.split(' ')[0];
const offset = clock && partsOf(now()).timeZoneName;
const showClock = () => {
  const moment = now();
  const p = partsOf(moment);
  const zone = p.timeZoneName === offset ? named : p.timeZoneName;
  shown.firstChild.data = `${p.weekday} ${p.day} ${p.month} ${p.hour}:${p.minute} `;
  put(shown.querySelector('small'), zone === 'UTC' ? zone : `${zone} ${zulu(moment)}`);
};

// The same text as the template tags `countdown` and `age`.
const duration = (milliseconds, over) => {
  const s = Math.floor(milliseconds / 1000);
  if (s <= 0) return over;
  if (s >= 86400) return `${Math.floor(s / 86400)} d ${two(Math.floor((s % 86400) / 3600))} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${s} s`;
};

const tick = () => {
  if (clock) showClock();
  all('[data-countdown]').forEach((time) => {
    put(time, duration(Date.parse(time.dateTime) - now(), time.dataset.countdown));
  });
  all('[data-age]').forEach((time) => put(time, duration(Math.max(1000, now() - Date.parse(time.dateTime)), '')));
};
tick();
setInterval(tick, 1000);
