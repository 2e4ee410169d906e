// Draws a time chart from the table that data-chart names, so that picture and numbers always agree.
import { axes, nowLine, range } from './charts/axes.js';
import { legend, showValues } from './charts/legend.js';
import { read, series, stack } from './charts/series.js';
import { all } from './dom.js';

const RIGHT_PX = 16;
const charts = new Map();

const draw = (element) => {
  const { chart, unit = '', zone = 'UTC', title = unit, height = '180', now: moment } = element.dataset;
  const { times, heads } = read(document.getElementById(chart));
  const drawn = stack(heads);
  const shown = heads.filter((head) => head.values.some((value) => value !== null));
  const list = legend(shown);
  charts.get(element)?.destroy();
  element.replaceChildren();
  const draws = moment ? [nowLine(Date.parse(moment) / 1000)] : [];
  const plot = new uPlot({
    width: element.clientWidth,
    height: Number(height),
    padding: [8, RIGHT_PX, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false }, points: { show: false }, sync: { key: 'time' } },
    tzDate: (second) => uPlot.tzDate(new Date(second * 1000), zone),
    scales: { x: { range: (u, low, high) => range(element.dataset) ?? [low, high] } },
    axes: axes(element, title, zone),
    series: [{}, ...drawn.map(series)],
    hooks: { draw: draws, setCursor: [showValues(list, shown, unit)] },
  }, [times, ...drawn.map((head) => head.drawn)], element);
  element.append(list);
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
