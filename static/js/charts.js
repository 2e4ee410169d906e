// Draws a chart from the table that data-chart names, so that picture and numbers always agree.
import { axes, nowLine, range, shade } from './charts/axes.js';
import { legend, showPoint } from './charts/legend.js';
import { walk } from './charts/walk.js';
import { read, series, shades, stack } from './charts/series.js';
import { all } from './dom.js';

const RIGHT_PX = 16;
const charts = new Map();

const draw = (element) => {
  const { unit = '', height = '180', now: moment } = element.dataset;
  const table = read(document.getElementById(element.dataset.chart), element.dataset.zone);
  const drawn = stack(table.heads);
  const shown = table.heads.filter((head) => head.values.some((value) => value !== null));
  const list = legend(shown);
  // Any part of the page that is renewed draws its charts again; who looks at a value goes on looking at it.
  const { left, top } = charts.get(element)?.cursor ?? {};
  charts.get(element)?.destroy();
  charts.delete(element);
  element.replaceChildren();
  element.hidden = !shown.length;
  if (element.hidden) return;
  const draws = moment ? [nowLine(Date.parse(moment) / 1000)] : [];
  const plot = new uPlot({
    width: element.clientWidth,
    height: Number(height),
    padding: [8, RIGHT_PX, 0, 0],
    legend: { show: false },
    cursor: {
      y: false, drag: { setScale: false }, points: { show: false },
      ...(table.isTime && { sync: { key: 'time' } }),
    },
    tzDate: (second) => uPlot.tzDate(new Date(second * 1000), element.dataset.zone ?? 'UTC'),
    scales: { x: { time: table.isTime, range: (u, low, high) => range(element, table, low, high) } },
    axes: axes(element, table),
    series: [{}, ...drawn.map(series)],
    bands: shades(drawn),
    hooks: {
      drawClear: element.dataset.shadedFrom ? [shade(element.dataset)] : [],
      draw: draws,
      ready: [(u) => { if (left >= 0) u.setCursor({ left, top }); }],
      setCursor: [showPoint(list, shown, table.points, unit)],
    },
  }, [table.places, ...drawn.map((head) => head.drawn)], element);
  element.append(list);
  walk(element, plot);
  charts.set(element, plot);
  resizes.observe(element);
};

const resizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  const plot = charts.get(target);
  if (plot && plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: plot.height });
}));

const drawAll = () => {
  [...charts].filter(([element]) => !element.isConnected).forEach(([element, plot]) => {
    plot.destroy();
    charts.delete(element);
  });
  all('[data-chart]').forEach(draw);
};

document.fonts.ready.then(drawAll);
document.addEventListener('gridcall:theme', drawAll);
document.addEventListener('htmx:after:swap', drawAll);
