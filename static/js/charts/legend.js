// The legend of a chart, which shows the values under the pointer.
export const legend = (heads) => {
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

export const showValues = (list, heads, unit) => (u) => {
  heads.forEach((head, i) => {
    const value = u.cursor.idx == null ? null : head.values[u.cursor.idx];
    list.children[i].querySelector('b').textContent = value == null ? '' : `${value} ${unit}`;
  });
};
