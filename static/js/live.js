// One stream per visible page says which event changed; the blocks that show it fetch themselves again.
import { all } from './dom.js';

const shows = () => all('[data-nudge]');
// An asterisk stands for whatever changed before this stream was listened for.
const matches = (block, number) => number === '*' || ['events', number].includes(block.dataset.nudge);
const tell = (state) => document.dispatchEvent(new CustomEvent('gridcall:stream', { detail: state }));
const asking = new WeakSet();
let stream = null;

// Many pages hear of the same change: they do not all ask in the same moment, and each asks once for what is new.
const askSoon = (block) => {
  if (asking.has(block)) return;
  asking.add(block);
  setTimeout(() => {
    asking.delete(block);
    if (block.isConnected) htmx.trigger(block, 'nudge');
  }, 1000 * Math.random());
};

const open = () => {
  if (stream || document.hidden || !shows().length) return;
  stream = new EventSource('/live/');
  stream.onopen = () => tell('open');
  stream.onerror = () => tell('closed');
  stream.onmessage = ({ data }) => {
    shows().filter((block) => matches(block, data)).forEach(askSoon);
  };
};
// A browser keeps few connections to one server: pages nobody looks at give theirs back.
const close = () => { stream?.close(); stream = null; };
document.addEventListener('visibilitychange', () => {
  if (document.hidden) close();
  else open();
});
addEventListener('pagehide', close);
document.addEventListener('DOMContentLoaded', open);
