// The list of saved runs: search, filters, delete with undo. Rows are built from text only, never from markup.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const WAIT_MS = 200; // after the last key before searching

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const pretty = (answer) => answer.replaceAll(' * ', ' × ').replaceAll(' / ', ' ÷ ').replaceAll(' - ', ' − ');

  const ago = (iso) => {
    const seconds = Math.max(0, (Date.now() - new Date(iso)) / 1000);
    const steps = [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [Infinity, 'day', 86400]];
    const [, unit, size] = steps.find(([limit]) => seconds < limit);
    const count = Math.floor(seconds / size);
    return unit === 'second' ? 'just now' : `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  };

  const MARKS = { true: ['✓', 'hs-good', 'right'], false: ['✗', 'hs-bad', 'wrong'] };

  function row(run, onDelete) {
    const item = make('li', 'hs-run');
    item.dataset.run = run.id;
    const link = make('a', 'hs-open');
    link.href = `.?run=${encodeURIComponent(run.id)}`;
    link.append(make('span', 'hs-problem', run.title));
    const answer = make('span', 'hs-answer');
    const [mark, style, word] = MARKS[run.is_correct] || ['', '', ''];
    answer.append(make('code', '', run.answer === null ? 'no answer' : pretty(run.answer)));
    if (mark) {
      const sign = make('span', style, mark);
      sign.setAttribute('role', 'img');
      sign.setAttribute('aria-label', word);
      answer.append(sign);
    }
    link.append(answer);
    const facts = make('span', 'hs-facts');
    const tokens = `${run.spent_tokens.toLocaleString('en')} tokens`;
    for (const text of [run.strategy_title, run.model, tokens, `${run.seconds.toFixed(1)} s`]) {
      facts.append(make('span', '', text));
    }
    const when = make('time', '', ago(run.created_at));
    when.dateTime = run.created_at;
    when.title = new Date(run.created_at).toLocaleString();
    facts.append(when);
    if (run.status !== 'finished') {
      const status = make('span', 'hs-status', run.status);
      status.title = run.status_reason || '';
      facts.append(status);
    }
    link.append(facts);
    const remove = make('button', 'hs-delete', 'Delete');
    remove.type = 'button';
    remove.setAttribute('aria-label', `Delete the run of ${run.title}`);
    remove.addEventListener('click', () => onDelete(run, item));
    item.append(link, remove);
    return item;
  }

  ponder.mountHistory = (element, choices, listing, change) => {
    const find = (selector) => element.querySelector(selector);
    const form = find('form');
    const list = find('.hs-list');
    const [count, empty, more, undo, error] = ['.hs-count', '.hs-empty', '.hs-more', '.hs-undo', '.hs-error'].map(find);
    let asked = 0;
    let undoable = null;

    for (const [name, options] of Object.entries(choices)) {
      for (const [value, words] of options) {
        const option = make('option', '', words);
        option.value = value;
        form.elements[name].append(option);
      }
    }

    const say = (sentence) => {
      error.hidden = !sentence;
      error.textContent = sentence || '';
    };

    async function load(offset) {
      const mine = ++asked;
      const query = { ...Object.fromEntries(new FormData(form)), offset };
      let reply;
      try {
        reply = JSON.parse(await listing(query));
      } catch (_) {
        reply = { error: 'The server does not answer; check that Ponder is still running, then reload.' };
      }
      if (mine !== asked) return; // a later question has been asked meanwhile
      say(reply.error || reply.trouble);
      if (reply.error) return;
      if (offset === 0) list.replaceChildren();
      list.append(...reply.runs.map((run) => row(run, remove)));
      more.hidden = !reply.more;
      const isFiltered = Object.entries(query).some(([name, value]) => name !== 'offset' && value);
      count.textContent = reply.count === 1 ? '1 run' : `${reply.count.toLocaleString('en')} runs`;
      empty.hidden = list.children.length > 0;
      empty.textContent = isFiltered
        ? 'No run matches. Clear the search or a filter.'
        : 'Nothing here yet. Every run you make on the Run page is kept here.';
    }

    async function remove(run, item) {
      const reply = JSON.parse(await change({ action: 'delete', run: run.id }));
      if (reply.error) return say(reply.error);
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      undoable = run.id;
      undo.hidden = false;
      undo.querySelector('span').textContent = `Deleted “${run.title}”.`;
      (next?.querySelector('a') || form.elements.search).focus();
      load(0);
    }

    undo.querySelector('button').addEventListener('click', async () => {
      const reply = JSON.parse(await change({ action: 'restore', run: undoable }));
      undo.hidden = true;
      say(reply.error);
      load(0);
    });
    more.addEventListener('click', () => load(list.children.length));
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('change', () => load(0));
    let timer = 0;
    form.elements.search.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(() => load(0), WAIT_MS);
    });
    load(0);
  };
})();
