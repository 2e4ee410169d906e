// The axes of a chart, and the line at the present moment.
import { colour } from './colour.js';

const TIMES_PX = 28;
const VALUES_PX = 40;
const TITLE_PX = 20;
// On narrower charts only every second time is labeled, as in the Gantt chart.
const NARROW_PX = 480;

export const range = ({ from, to }) => (from && to ? [Date.parse(from) / 1000, Date.parse(to) / 1000] : null);

const hours = (zone) => {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: 'numeric', month: 'short' });
  return (moment) => {
    const text = time.format(moment * 1000);
    return text === '00:00' ? day.format(moment * 1000) : text;
  };
};

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
  const stretch = range(element.dataset);
  if (!gantt || !stretch) return undefined;
  const at = (tick) => stretch[0] + (stretch[1] - stretch[0]) * parseFloat(tick.getAttribute('x1')) / 100;
  return [...gantt.querySelectorAll('.tick')].map((tick) => 60 * Math.round(at(tick) / 60));
};

const written = (u, splits, label) => splits.map((at, i) => (u.width < NARROW_PX && i % 2 ? '' : label(at)));

export const axes = (element, title, zone) => {
  const ticks = sharedTicks(element);
  const label = hours(zone);
  return [
    axis({
      size: TIMES_PX,
      splits: ticks && (() => ticks),
      values: (u, splits) => (ticks ? written(u, splits, label) : splits.map(label)),
    }),
    axis({ size: VALUES_PX, label: title, labelSize: TITLE_PX, labelGap: 0 }),
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
