// Tokens are light-dark() pairs, which the browser resolves only for an element that uses them.
export const colour = (token) => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = `var(${token})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};
