// The button of a notice closes it.
document.addEventListener('click', ({ target }) => target.closest('[data-dismiss]')?.closest('.alert').remove());
