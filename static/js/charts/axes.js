// The axes of a chart, the line at the present moment, and the period that is shaded.
import { colour } from './colour.js';
import { numbers, ticksIn } from './words.js';

const TIMES_PX = 28;
const VALUES_PX = 40;
const TITLE_PX = 20;
// On narrower charts only every second time is labeled, as in the Gantt chart.
const NARROW_PX = 480;
const DAYS_S = 2 * 24 * 3600;
const LABEL_PX = 50;
const LONG_LABEL_PX = 110;

const stretchOf = ({ from, to }) => (from && to ? [Date.parse(from) / 1000, Date.parse(to) / 1000] : null);

// Half a bar fits in front of the first place and behind the last.
export const range = (element, { isTime }, low, high) => (
  isTime ? stretchOf(element.dataset) ?? [low, high] : [low - 0.5, high + 0.5]
);

const axis = (more) => ({
  stroke: colour('--mute'),
  font: '12px "Inter Variable", sans-serif',
  labelFont: '12px "Inter Variable", sans-serif',
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { show: false },
  ...more,
});

// Below a Gantt chart of the same period, the chart uses its ticks, rounded to full minutes.
const sharedTicks = (element) => {
  const gantt = element.closest('.card')?.querySelector('.gantt');
  const stretch = stretchOf(element.dataset);
  if (!gantt || !stretch) return undefined;
  const at = (tick) => stretch[0] + (stretch[1] - stretch[0]) * parseFloat(tick.getAttribute('x1')) / 100;
  return [...gantt.querySelectorAll('.tick')].map((tick) => 60 * Math.round(at(tick) / 60));
};

// Devices and events are whole; between them no tick makes sense.
const WHOLE = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((zeros) => n * 10 ** zeros)).sort((a, b) => a - b);
const isWhole = (values) => values.every((value) => value === null || Number.isInteger(value));

const times = (element, zone) => {
  const ticks = sharedTicks(element);
  const label = ticksIn(zone);
  return {
    splits: ticks && (() => ticks),
    // Over several days a label names the day as well.
    space: (u, index, low, high) => (high - low > DAYS_S ? LONG_LABEL_PX : LABEL_PX),
    values: (u, splits) => label(splits).map((text, i) => (ticks && u.width < NARROW_PX && i % 2 ? '' : text)),
  };
};

export const axes = (element, table) => {
  const { unit = '', title = unit, zone = 'UTC' } = element.dataset;
  const values = (u, splits) => numbers(splits);
  const below = table.isTime ? times(element, zone) : {
    values, incrs: WHOLE, label: table.title, labelSize: TITLE_PX, labelGap: 0,
  };
  const incrs = isWhole(table.heads.flatMap((head) => head.values)) ? WHOLE : undefined;
  return [
    axis({ size: TIMES_PX, ...below }),
    axis({ size: VALUES_PX, label: title, labelSize: TITLE_PX, labelGap: 0, values, incrs }),
  ];
};

export const nowLine = (moment) => (u) => {
  const x = u.valToPos(moment, 'x', true);
  if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
  u.ctx.save();
  u.ctx.strokeStyle = colour('--ink');
  u.ctx.lineWidth = 2 * devicePixelRatio;
  u.ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(x, u.bbox.top);
  u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
  u.ctx.stroke();
  u.ctx.restore();
};

export const shade = ({ shadedFrom, shadedTo }) => (u) => {
  const [left, right] = [shadedFrom, shadedTo].map((moment) => u.valToPos(Date.parse(moment) / 1000, 'x', true));
  u.ctx.save();
  u.ctx.fillStyle = colour('--line');
  u.ctx.globalAlpha = 0.5;
  u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
  u.ctx.restore();
};
