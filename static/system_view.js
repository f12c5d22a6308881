// The System page: asks for what may change, opens what a link names, copies snippets.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeSign } = ponder;
  const MARKS = { works: ['✓', 'works'], limited: ['!', 'limited'], fails: ['✗', 'fails'] };
  const NO_ANSWER = 'Ponder does not answer; check that it is still running, then look again.';
  const OWN_ADDRESS = 'http://127.0.0.1:7860/'; // as app/system_snippets.py writes it

  /** A paragraph in which what stands between backticks is code. */
  function paragraph(className, text) {
    const line = make('p', className);
    text.split('`').forEach((part, at) => part && line.append(at % 2 ? make('code', '', part) : part));
    return line;
  }

  function check(row) {
    const [sign, word] = MARKS[row.verdict];
    const item = make('li', `sy-check sy-${row.verdict}`);
    const mark = makeSign('sy-mark', sign, word);
    const text = make('div');
    text.append(paragraph('sy-found', row.found));
    if (row.advice) text.append(paragraph('sy-advice', row.advice));
    item.append(mark, make('h3', '', row.part), text);
    return item;
  }

  function cell(label, text) {
    const cell = make('td', '', text);
    cell.dataset.label = label;
    return cell;
  }

  function model(row) {
    const line = make('tr');
    const name = make('th');
    name.scope = 'row';
    name.append(make('span', 'sy-name', row.title), make('code', '', row.name));
    const here = cell('Here', '');
    const [sign, word] = row.is_usable ? ['✓', 'can be used'] : ['✗', 'cannot be used'];
    const mark = makeSign(row.is_usable ? 'sy-mark sy-good' : 'sy-mark', sign, word);
    const text = make('div');
    text.append(paragraph('', row.is_usable ? row.fit || word : row.why_not));
    const notes = [row.judge && row.is_usable && `Steps are judged by ${row.judge}.`, row.is_usable && row.note];
    for (const note of notes.filter(Boolean)) text.append(paragraph('sy-advice', note));
    const both = make('div', 'sy-here');
    both.append(mark, text);
    here.append(both);
    line.append(name, cell('Parameters', row.parameters), cell('Size', row.size), cell('Runs on', row.place), here);
    return line;
  }

  function candidate(row) {
    const line = make('tr', row.tier ? 'sy-tier' : '');
    const name = make('th');
    name.scope = 'row';
    name.append(make('span', 'sy-name', row.title));
    if (row.params) name.append(make('span', 'sy-advice', row.params));
    const cells = [['Solves', row.solves], ['95 % interval', row.interval], ['Tokens, mean', row.mean], ['Tokens, p95', row.p95],
      ['At most', row.most], ['Tier', row.tier]];
    line.append(name, ...cells.map(([label, text]) => cell(label, text)));
    return line;
  }

  function mountLook(element, look, claims) {
    const list = element.querySelector('.sy-checks');
    const table = element.querySelector('[data-testid="models"]');
    const tiers = element.querySelector('[data-testid="tiers"]');
    const measured = element.querySelector('[data-testid="claims"]');
    const again = element.querySelector('[data-again]');

    async function fill(what, waiting, place, draw, isAgain) {
      const wait = element.querySelector(`[data-wait="${what}"]`);
      ponder.write(wait, waiting);
      ponder.reveal(wait, true);
      let reply;
      try {
        reply = JSON.parse(await look({ what, again: isAgain }));
      } catch (_) {
        reply = { error: NO_ANSWER };
      }
      if (reply.error) return ponder.write(wait, reply.error);
      wait.replaceChildren(...paragraph('', reply.why || '').childNodes);
      ponder.reveal(wait, Boolean(reply.why));
      place.replaceChildren(...reply.rows.map(draw));
      const around = place.closest('table');
      if (around) ponder.reveal(around, reply.rows.length > 0);
    }

    async function lookAll(isAgain) {
      again.disabled = true;
      await Promise.all([
        fill('machine', 'Looking at this machine …', list, check, isAgain),
        fill('models', 'Looking for models …', table.tBodies[0], model),
        fill('tiers', 'Looking for measurements …', tiers.tBodies[0], candidate),
        measured.children.length || fill('claims', 'Looking for measurements …', measured, (row) => claims.card(row)),
      ]);
      again.disabled = false;
      if (location.hash) openLinked(element, false);
    }
    again.addEventListener('click', () => lookAll(true));
    lookAll(false);
  }

  /** Scrolls to what the address names, and opens it where it is a card. */
  function openLinked(element, isAsked = true) {
    const named = location.hash.length > 1 && element.querySelector(`#${CSS.escape(location.hash.slice(1))}`);
    if (!named) return;
    if (named.matches('details')) named.open = true;
    named.scrollIntoView({ behavior: 'instant', block: 'start' });
    if (isAsked && named.matches('details')) named.querySelector('summary').focus({ preventScroll: true });
  }

  function mountSnippets(element) {
    const told = element.querySelector('[data-testid="copied"]');
    const here = new URL('.', location.href).href;
    for (const code of element.querySelectorAll('.sy-snippet code')) {
      code.textContent = code.textContent.replaceAll(OWN_ADDRESS, here);
    }
    for (const button of element.querySelectorAll('[data-copy]')) {
      button.addEventListener('click', async () => {
        const figure = button.closest('figure');
        try {
          await navigator.clipboard.writeText(figure.querySelector('code').textContent);
          ponder.write(told, 'Copied.');
          ponder.write(button, 'Copied');
          setTimeout(() => ponder.write(button, 'Copy'), 2000);
        } catch (_) {
          getSelection().selectAllChildren(figure.querySelector('code'));
          ponder.write(told, 'The browser does not let a page copy here: the text is marked, copy it by hand.');
        }
      });
    }
  }

  ponder.mountSystem = (element, look, prices, plotly) => {
    mountLook(element, look, new ponder.SystemClaims(look, plotly));
    ponder.mountSystemPrices(element, prices);
    mountSnippets(element);
    const follow = ({ target }) => {
      if (target.open && target.matches('.sy-card')) history.replaceState(history.state, '', `${location.pathname}#${target.id}`);
    };
    element.addEventListener('toggle', follow, true); // it does not bubble
    window.addEventListener('hashchange', () => openLinked(element));
    openLinked(element);
  };
})();
