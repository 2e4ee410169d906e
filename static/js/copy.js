// A button with data-copy copies the text field of that id, and says so. If the browser refuses, the text is selected.
document.addEventListener('click', async ({ target }) => {
  const button = target.closest('[data-copy]');
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  const said = document.getElementById(`${field.id}-copied`);
  said.textContent = await navigator.clipboard?.writeText(field.value).then(() => said.dataset.done, () => '') || said.dataset.byHand;
});
