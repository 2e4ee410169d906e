// The series of a chart: read from its table, stacked, and drawn in the form that each column's head names.
import { colour } from './colour.js';
import { momentIn } from './words.js';

const BANDS = ['--band-1', '--band-2', '--band-3', '--band-4'];
const FORMS = {
  forecast: { color: '--mute', width: 1.5, dash: [6, 4] },
  line: { color: '--run', width: 2 },
  actual: { color: '--ink', width: 2.5 },
  without: { color: '--ink', width: 1.5, dash: [3, 3] },
  rebound: { color: '--run', width: 1.5, dash: [3, 3] },
  limit: { color: '--bad', width: 1.5, dash: [2, 3] },
  target: { color: '--wait', width: 2, dash: [7, 4], stepped: true },
  low: { color: '--mute', width: 1 },
  high: { color: '--mute', width: 1 },
  band: { width: 1 },
  bar: { color: '--run', width: 1 },
};

const numberIn = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));

// The first cell of a row is a time, or a number if the table has none.
const placeOf = (cell) => (cell.firstElementChild ? Date.parse(cell.firstElementChild.dateTime) / 1000 : numberIn(cell));

export const read = (table, zone) => {
  const [first, ...others] = table.tHead.rows[0].cells;
  let bands = 0;
  const heads = others.filter((cell) => cell.dataset.series).map((cell) => {
    const form = cell.dataset.series;
    const token = form === 'band' ? BANDS[bands++ % BANDS.length] : FORMS[form].color;
    const stepped = 'stepped' in cell.dataset || FORMS[form].stepped;
    return { column: cell.cellIndex, name: cell.textContent.trim(), form, ...FORMS[form], stepped, token };
  });
  const rows = [...table.tBodies[0].rows];
  const isTime = rows.some((row) => row.querySelector('time'));
  const places = rows.map((row) => placeOf(row.cells[0]));
  heads.forEach((head) => {
    head.values = rows.map((row) => numberIn(row.cells[head.column]));
    head.texts = rows.map((row) => row.cells[head.column].textContent.trim());
  });
  const title = first.textContent.trim();
  const point = isTime ? momentIn(zone) : (place) => `${title}: ${place}`;
  return { isTime, places, heads, title, points: places.map(point) };
};

const isEdge = (head) => head.form === 'low' || head.form === 'high';

// Bands are drawn from the top of the stack down, each over the previous one; all other series come on top,
// those last that shade nothing.
export const stack = (heads) => {
  const sums = [];
  const bands = heads.filter((head) => head.form === 'band').map((head) => {
    head.values.forEach((value, i) => { sums[i] = (sums[i] ?? 0) + (value ?? 0); });
    return { ...head, drawn: [...sums] };
  });
  const others = heads.filter((head) => head.form !== 'band').map((head) => ({ ...head, drawn: head.values }));
  return [...bands.reverse(), ...others.filter(isEdge), ...others.filter((head) => !isEdge(head))];
};

// Between a low and a high series the picture is shaded.
export const shades = (drawn) => {
  const [low, high] = ['low', 'high'].map((form) => drawn.findIndex((head) => head.form === form) + 1);
  return low && high ? [{ series: [high, low], fill: colour('--line') }] : [];
};

const BAR = { fill: '--run-bg', paths: () => uPlot.paths.bars({ size: [0.85, 64] }) };
const STEPS = { paths: () => uPlot.paths.stepped({ align: 1 }) };

export const series = (head) => {
  const { fill, paths } = head.form === 'bar' ? BAR : head.stepped ? STEPS : {};
  const filled = head.form === 'band' ? head.token : fill;
  return {
    stroke: colour(head.form === 'band' ? '--surface' : head.token),
    fill: filled && colour(filled),
    width: head.width,
    dash: head.dash,
    paths: paths?.(),
    points: { show: false },
  };
};
