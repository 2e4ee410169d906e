// Submits a form with data-passkey with the passkey's answer; the options are in the form or fetched from its address.
(() => {
  const said = document.querySelector('[data-passkey-problem]');

  const options = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options).publicKey;
    const answer = await fetch(form.action, { headers: { Accept: 'application/json' } });
    return (await answer.json()).request_options.publicKey;
  };

  const create = (wanted, form) => {
    if (form.elements.passwordless?.checked) {
      wanted.authenticatorSelection = {
        ...wanted.authenticatorSelection, residentKey: 'required', requireResidentKey: true, userVerification: 'required',
      };
    }
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(wanted) });
  };
  const get = (wanted) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(wanted) });

  document.querySelectorAll('form[data-passkey]').forEach((form) => form.addEventListener('submit', async (event) => {
    event.preventDefault();
    said.hidden = true;
    try {
      const ask = form.dataset.passkey === 'create' ? create : get;
      const credential = await ask(await options(form), form);
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      said.hidden = false;
    }
  }));
})();
