// The series of a chart: read from its table, stacked, and drawn in the form that each column's head names.
import { colour } from './colour.js';

const BANDS = ['--band-1', '--band-2', '--band-3', '--band-4'];
const FORMS = {
  forecast: { color: '--mute', width: 1.5, dash: [6, 4] },
  line: { color: '--run', width: 2 },
  actual: { color: '--ink', width: 2.5 },
  without: { color: '--ink', width: 1.5, dash: [3, 3] },
  limit: { color: '--bad', width: 1.5, dash: [2, 3] },
  target: { color: '--wait', width: 2, dash: [7, 4], stepped: true },
  band: { width: 1 },
};

const numberIn = (cell) => {
  const text = cell.dataset.value ?? cell.textContent.replaceAll(',', '').replace('−', '-').trim();
  return text === '' || Number.isNaN(Number(text)) ? null : Number(text);
};

export const read = (table) => {
  const heads = [...table.tHead.rows[0].cells].map((cell, column) => (
    { column, name: cell.textContent.trim(), form: cell.dataset.series }
  )).filter((head) => head.form);
  let bands = 0;
  heads.forEach((head) => {
    const token = head.form === 'band' ? BANDS[bands++ % BANDS.length] : FORMS[head.form].color;
    Object.assign(head, FORMS[head.form], { token });
  });
  const rows = [...table.tBodies[0].rows];
  const times = rows.map((row) => Date.parse(row.querySelector('time').dateTime) / 1000);
  heads.forEach((head) => { head.values = rows.map((row) => numberIn(row.cells[head.column])); });
  return { times, heads };
};

// Bands are drawn from the top of the stack down, each over the previous one; all other series come on top.
export const stack = (heads) => {
  const sums = [];
  const bands = heads.filter((head) => head.form === 'band').map((head) => {
    head.values.forEach((value, i) => { sums[i] = (sums[i] ?? 0) + (value ?? 0); });
    return { ...head, drawn: [...sums] };
  });
  return [...bands.reverse(), ...heads.filter((head) => head.form !== 'band').map((head) => ({ ...head, drawn: head.values }))];
};

export const series = (head) => ({
  stroke: colour(head.form === 'band' ? '--surface' : head.token),
  fill: head.form === 'band' ? colour(head.token) : undefined,
  width: head.width,
  dash: head.dash,
  paths: head.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
  points: { show: false },
});
