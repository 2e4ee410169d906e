// Draws a time chart from the table its data-chart names, so that picture and numbers are always the same.
(() => {
  const charts = new Map();
  const PALETTE = ['--band-1', '--band-2', '--band-3', '--band-4'];
  const AXIS = 40;
  const TITLE = 20;
  const RIGHT = 16;
  const FORMS = {
    forecast: { color: '--mute', width: 1.5, dash: [6, 4] },
    line: { color: '--run', width: 2 },
    actual: { color: '--ink', width: 2.5 },
    limit: { color: '--bad', width: 1.5, dash: [2, 3] },
    target: { color: '--wait', width: 2, dash: [7, 4], stepped: true },
    band: { width: 1 },
  };

  // Tokens are light-dark() pairs; only a used colour comes out resolved.
  const colour = (token) => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(${token})`;
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  const numberIn = (cell) => {
    const text = cell.dataset.value ?? cell.textContent.replaceAll(',', '').replace('−', '-').trim();
    return text === '' || Number.isNaN(Number(text)) ? null : Number(text);
  };

  const read = (table) => {
    const heads = [...table.tHead.rows[0].cells].map((cell, column) => (
      { column, name: cell.textContent.trim(), form: cell.dataset.series }
    )).filter((head) => head.form);
    let bands = 0;
    heads.forEach((head) => {
      const token = head.form === 'band' ? PALETTE[bands++ % PALETTE.length] : FORMS[head.form].color;
      Object.assign(head, FORMS[head.form], { token });
    });
    const rows = [...table.tBodies[0].rows];
    const times = rows.map((row) => Date.parse(row.querySelector('time').dateTime) / 1000);
    heads.forEach((head) => { head.values = rows.map((row) => numberIn(row.cells[head.column])); });
    return { times, heads };
  };

  // Bands are drawn from the top of the stack down, each over the one before, all other series above them.
  const stack = (heads) => {
    const sums = [];
    const bands = heads.filter((head) => head.form === 'band').map((head) => {
      head.values.forEach((value, i) => { sums[i] = (sums[i] ?? 0) + (value ?? 0); });
      return { ...head, drawn: [...sums] };
    });
    return [...bands.reverse(), ...heads.filter((head) => head.form !== 'band').map((head) => ({ ...head, drawn: head.values }))];
  };

  const series = (head) => ({
    stroke: colour(head.form === 'band' ? '--surface' : head.token),
    fill: head.form === 'band' ? colour(head.token) : undefined,
    width: head.width,
    dash: head.dash,
    paths: head.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
    points: { show: false },
  });

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

  const nowLine = (moment) => (u) => {
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

  const legend = (heads) => {
    const list = document.createElement('ul');
    list.className = 'chart-legend';
    heads.forEach((head) => {
      const item = list.appendChild(document.createElement('li'));
      item.append(document.createElement('i'), `${head.name} `, document.createElement('b'));
      item.firstChild.className = `key-${head.form}`;
      item.firstChild.style.color = `var(${head.token})`;
    });
    return list;
  };

  const showValues = (list, heads, unit) => (u) => {
    heads.forEach((head, i) => {
      const value = u.cursor.idx == null ? null : head.values[u.cursor.idx];
      list.children[i].querySelector('b').textContent = value == null ? '' : `${value} ${unit}`;
    });
  };

  // Beside a Gantt the times stand under its own: its ticks are shares of the same stretch of time, on full minutes.
  const sharedTicks = (element) => {
    const gantt = element.closest('.card')?.querySelector('.gantt');
    const stretch = range(element.dataset);
    if (!gantt || !stretch) return undefined;
    const at = (tick) => stretch[0] + (stretch[1] - stretch[0]) * parseFloat(tick.getAttribute('x1')) / 100;
    return [...gantt.querySelectorAll('.tick')].map((tick) => 60 * Math.round(at(tick) / 60));
  };
  // Where there is no room for each, every second time is written, as the Gantt does.
  const NARROW = 480;
  const written = (u, splits, label) => splits.map((at, i) => (u.width < NARROW && i % 2 ? '' : label(at)));

  const range = ({ from, to }) => (from && to ? [Date.parse(from) / 1000, Date.parse(to) / 1000] : null);

  const draw = (element) => {
    const { chart, unit = '', zone = 'UTC', title = unit, height = '180', now: moment } = element.dataset;
    const { times, heads } = read(document.getElementById(chart));
    const ticks = sharedTicks(element);
    const drawn = stack(heads);
    const label = hours(zone);
    const told = heads.filter((head) => head.values.some((value) => value !== null));
    const list = legend(told);
    charts.get(element)?.destroy();
    element.replaceChildren();
    const draws = moment ? [nowLine(Date.parse(moment) / 1000)] : [];
    const plot = new uPlot({
      width: element.clientWidth,
      height: Number(height),
      padding: [8, RIGHT, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { setScale: false }, points: { show: false }, sync: { key: 'time' } },
      tzDate: (second) => uPlot.tzDate(new Date(second * 1000), zone),
      scales: { x: { range: (u, low, high) => range(element.dataset) ?? [low, high] } },
      axes: [
        axis({
          size: 28,
          splits: ticks && (() => ticks),
          values: (u, splits) => (ticks ? written(u, splits, label) : splits.map(label)),
        }),
        axis({ size: AXIS, label: title, labelSize: TITLE, labelGap: 0 }),
      ],
      series: [{}, ...drawn.map(series)],
      hooks: { draw: draws, setCursor: [showValues(list, told, unit)] },
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
    document.querySelectorAll('[data-chart]').forEach(draw);
  };

  document.fonts.ready.then(drawAll);
  document.addEventListener('gridcall:theme', drawAll);
  document.addEventListener('htmx:after:swap', drawAll);
})();
