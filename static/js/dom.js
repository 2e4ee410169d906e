export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Changes the text of an element if it is another, so that nothing is drawn again for nothing.
export const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
