// The legend of a chart, which shows the time and the values under the pointer or the keyboard's cursor.
export const legend = (heads) => {
  const list = document.createElement('ul');
  list.className = 'chart-legend';
  list.setAttribute('aria-live', 'polite');
  heads.forEach((head) => {
    const item = list.appendChild(document.createElement('li'));
    item.append(document.createElement('i'), `${head.name} `, document.createElement('b'));
    item.firstChild.className = `key-${head.form}`;
    item.firstChild.style.color = `var(${head.token})`;
  });
  const point = list.appendChild(document.createElement('li'));
  point.className = 'chart-point';
  return list;
};

export const showPoint = (list, heads, points, unit) => (u) => {
  const row = u.cursor.idx;
  list.lastChild.textContent = row == null ? '' : points[row];
  heads.forEach((head, i) => {
    const isKnown = row != null && head.values[row] !== null;
    list.children[i].querySelector('b').textContent = isKnown ? `${head.texts[row]} ${unit}` : '';
  });
};
