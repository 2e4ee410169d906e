// A notice is closed by its button.
document.addEventListener('click', ({ target }) => target.closest('[data-dismiss]')?.closest('.alert').remove());
