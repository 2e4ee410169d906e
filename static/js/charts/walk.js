// With the keyboard, the cursor of a chart walks from value to value: arrow keys, Home and End; Escape takes it away.
const goals = (at, last) => ({ ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last });

const place = (plot, row) => plot.setCursor({ left: plot.valToPos(plot.data[0][row], 'x'), top: 0 });
const leave = (plot) => plot.setCursor({ left: -10, top: -10 });

export const walk = (element, plot) => {
  const last = plot.data[0].length - 1;
  element.tabIndex = 0;
  // An image has no parts that a screen reader could read; a group has its legend.
  element.setAttribute('role', 'group');
  element.onfocus = () => { if (element.matches(':focus-visible')) place(plot, plot.cursor.idx ?? 0); };
  element.onblur = () => leave(plot);
  element.onkeydown = (event) => {
    if (event.key === 'Escape') leave(plot);
    const goal = goals(plot.cursor.idx ?? -1, last)[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    place(plot, Math.min(last, Math.max(0, goal)));
  };
};
