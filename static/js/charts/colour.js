// Tokens are light-dark() pairs; only a used colour comes out resolved.
export const colour = (token) => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = `var(${token})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
};
