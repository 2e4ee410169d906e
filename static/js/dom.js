export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Sets the text of an element only if it differs, to avoid needless redraws.
export const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
