// Sets the theme before the first paint, and whenever the header's button or the system changes it.
(() => {
  const order = ['auto', 'light', 'dark'];
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;

  // The theme in the person's settings applies in every browser until the button changes it in this one.
  const own = root.dataset.themeOwn;
  if (own && localStorage.getItem('theme-own') !== own) {
    localStorage.setItem('theme-own', own);
    localStorage.setItem('theme', own);
  }

  const apply = () => {
    const chosen = localStorage.getItem('theme') ?? 'auto';
    const system = dark.matches ? 'dark' : 'light';
    root.dataset.themeChosen = chosen;
    root.dataset.bsTheme = chosen === 'auto' ? system : chosen;
    document.dispatchEvent(new Event('gridcall:theme'));
  };

  apply();
  dark.addEventListener('change', apply);
  document.addEventListener('click', (event) => {
    if (!event.target.closest('[data-theme-switch]')) return;
    const next = order[(order.indexOf(root.dataset.themeChosen) + 1) % order.length];
    localStorage.setItem('theme', next);
    apply();
  });
})();
