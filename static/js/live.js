// One stream per visible page names the events that change; the blocks that show them reload.
import { all } from './dom.js';

const shows = () => all('[data-nudge]');
// An asterisk means that anything may have changed before the stream was listening.
const matches = (block, number) => number === '*' || ['events', number].includes(block.dataset.nudge);
const tell = (state) => document.dispatchEvent(new CustomEvent('gridcall:stream', { detail: state }));
const asking = new WeakSet();
// The browser reconnects by itself after a broken connection, but never after a refusal, such as too many open pages.
const AGAIN_MS = 30000;
let stream = null;
let later = 0;

// Many pages learn of the same change: they spread their requests over a second, and each block asks only once.
const askSoon = (block) => {
  if (asking.has(block)) return;
  asking.add(block);
  setTimeout(() => {
    asking.delete(block);
    if (block.isConnected) htmx.trigger(block, 'nudge');
  }, 1000 * Math.random());
};

// A browser allows few connections per server, so hidden pages close theirs.
const close = () => { clearTimeout(later); stream?.close(); stream = null; };

const open = () => {
  clearTimeout(later);
  if (stream || document.hidden || !shows().length) return;
  stream = new EventSource('/live/');
  stream.onopen = () => tell('open');
  stream.onerror = () => {
    tell('closed');
    if (stream?.readyState !== EventSource.CLOSED) return;
    close();
    later = setTimeout(open, AGAIN_MS * (1 + Math.random()));
  };
  stream.onmessage = ({ data }) => {
    shows().filter((block) => matches(block, data)).forEach(askSoon);
  };
};
document.addEventListener('visibilitychange', () => {
  if (document.hidden) close();
  else open();
});
addEventListener('pagehide', close);
document.addEventListener('DOMContentLoaded', open);
