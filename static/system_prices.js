// The price book: each price is saved where it is changed, and a mistake is said beside it, with what was typed kept.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const NO_ANSWER = 'Ponder does not answer; check that it is still running, then try again.';

  ponder.mountSystemPrices = (element, prices) => {
    const fields = [...element.querySelectorAll('.sy-prices input')];
    const saved = element.querySelector('.sy-prices ~ .sy-saved');
    const usual = element.querySelector('[data-usual]');
    const shown = new Map(); // what each field says when nobody is changing it

    const ask = async (asked) => {
      try {
        return JSON.parse(await prices(asked));
      } catch (_) {
        return { error: NO_ANSWER };
      }
    };

    /** Says under a field what is wrong with what was typed; "" clears it. */
    function complain(field, sentence) {
      const place = field.nextElementSibling;
      ponder.write(place, sentence);
      ponder.reveal(place, Boolean(sentence));
      ponder.mark(field, 'aria-invalid', sentence ? 'true' : null);
      ponder.mark(field, 'aria-describedby', sentence ? place.id : null);
    }

    function show(reply, leave = null) {
      for (const field of fields) {
        const price = reply.prices[field.dataset.device][field.dataset.name];
        shown.set(field, price);
        field.disabled = Boolean(reply.why_not);
        if (field === leave || field.getAttribute('aria-invalid') === 'true') continue;
        field.value = price;
      }
      usual.disabled = reply.is_usual || Boolean(reply.why_not);
      if (reply.why_not) ponder.write(saved, reply.why_not);
    }

    async function change(field) {
      if (field.value.trim() === shown.get(field)) return complain(field, '');
      const { device, name } = field.dataset;
      const reply = await ask({ action: 'change', device, name, typed: field.value });
      ponder.write(saved, '');
      complain(field, reply.error || '');
      if (reply.error) return;
      show(reply);
      ponder.write(saved, 'Saved: runs that begin from now on are counted in it.');
    }

    for (const field of fields) field.addEventListener('change', () => change(field));
    element.querySelector('.sy-prices').addEventListener('submit', (event) => event.preventDefault());
    usual.addEventListener('click', async () => {
      const reply = await ask({ action: 'usual' });
      if (reply.error) return ponder.write(saved, reply.error);
      for (const field of fields) complain(field, '');
      show(reply);
      fields[0].focus();
      ponder.write(saved, 'The usual prices hold again.');
    });
    ask({}).then((reply) => (reply.error ? ponder.write(saved, reply.error) : show(reply)));
  };
})();
