// One saved run as a row: its box to select it, its star, its link, tags, note, and what can be done with it.
//
// Made of text only, never of markup. Tells `act` what a person wants; knows no server.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton } = ponder;

  const pretty = (answer) => answer.replaceAll(' * ', ' × ').replaceAll(' / ', ' ÷ ').replaceAll(' - ', ' − ');

  const ago = (iso) => {
    const seconds = Math.max(0, (Date.now() - new Date(iso)) / 1000);
    const steps = [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [Infinity, 'day', 86400]];
    const [, unit, size] = steps.find(([limit]) => seconds < limit);
    const count = Math.floor(seconds / size);
    return unit === 'second' ? 'just now' : `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  };

  const MARKS = { true: ['✓', 'hs-good', 'right'], false: ['✗', 'hs-bad', 'wrong'] };

  function answerOf(run) {
    const answer = make('span', 'hs-answer');
    answer.append(make('code', '', run.answer === null ? 'no answer' : pretty(run.answer)));
    const [mark, style, word] = MARKS[run.is_correct] || [];
    if (mark) {
      const sign = make('span', style, mark);
      sign.setAttribute('role', 'img');
      sign.setAttribute('aria-label', word);
      answer.append(sign);
    }
    return answer;
  }

  function factsOf(run) {
    const facts = make('span', 'hs-facts');
    const tokens = `${run.spent_tokens.toLocaleString('en')} tokens`;
    for (const text of [run.strategy_title, run.model, tokens, `${run.seconds.toFixed(1)} s`]) facts.append(make('span', '', text));
    const when = make('time', '', ago(run.created_at));
    when.dateTime = run.created_at;
    when.title = new Date(run.created_at).toLocaleString();
    facts.append(when);
    if (run.status !== 'finished') {
      const status = make('span', 'hs-status', run.status);
      status.title = run.status_reason || '';
      facts.append(status);
    }
    return facts;
  }

  function starOf(run, act) {
    const star = makeButton('hs-star', run.is_starred ? '★' : '☆', () => act.star(run, !run.is_starred));
    star.setAttribute('aria-pressed', String(run.is_starred));
    star.setAttribute('aria-label', `Star the run of ${run.title}`);
    return star;
  }

  function boxOf(run, isSelected, act) {
    const label = make('label', 'hs-box');
    const box = make('input');
    box.type = 'checkbox';
    box.checked = isSelected;
    box.setAttribute('aria-label', `Select the run of ${run.title}`);
    box.addEventListener('change', () => act.select(run, box.checked));
    label.append(box);
    return label;
  }

  function wordsOf(run, act) {
    const words = make('div', 'hs-words');
    for (const tag of run.tags) {
      const chip = makeButton('hs-tag', tag, () => act.filterTag(tag));
      chip.title = `Show runs with the tag ${tag}`;
      words.append(chip);
    }
    if (run.note) words.append(make('span', 'hs-note', run.note));
    return words;
  }

  /** The form that takes the row's place for words while a person edits them. */
  function editorOf(run, act) {
    const form = make('form', 'hs-editor');
    const tags = make('input');
    tags.value = run.tags.join(', ');
    tags.placeholder = 'Tags, parted by commas';
    tags.setAttribute('aria-label', 'Tags, parted by commas');
    tags.name = 'tags';
    const note = make('textarea');
    note.value = run.note;
    note.rows = 2;
    note.placeholder = 'A note';
    note.setAttribute('aria-label', 'Note');
    note.name = 'note';
    const trouble = make('p', 'pd-error');
    trouble.setAttribute('role', 'alert');
    trouble.hidden = true;
    const save = make('button', 'hs-button', 'Save');
    save.type = 'submit';
    form.append(tags, note, trouble, save, makeButton('hs-button', 'Cancel', () => act.edit(run, false)));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const error = await act.mark(run, tags.value.split(','), note.value);
      trouble.textContent = error || '';
      trouble.hidden = !error; // what was typed stays
    });
    form.addEventListener('keydown', (event) => event.key === 'Escape' && act.edit(run, false));
    return form;
  }

  /** The row; `isEdited` shows the form for tags and note. */
  function row(run, { isSelected, isEdited }, act) {
    const item = make('li', 'hs-run');
    item.dataset.run = run.id;
    if (isSelected) item.classList.add('hs-selected');
    const link = make('a', 'hs-open');
    link.href = `.?run=${encodeURIComponent(run.id)}`;
    link.append(make('span', 'hs-problem', run.title), answerOf(run), factsOf(run));
    const edit = makeButton('hs-quiet', 'Tag or note', () => act.edit(run, !isEdited));
    edit.setAttribute('aria-expanded', String(isEdited));
    edit.setAttribute('aria-label', `Tags and note of the run of ${run.title}`);
    const remove = makeButton('hs-quiet hs-delete', 'Delete', () => act.remove([run]));
    remove.setAttribute('aria-label', `Delete the run of ${run.title}`);
    const line = make('div', 'hs-line');
    line.append(boxOf(run, isSelected, act), starOf(run, act), link, edit, remove);
    item.append(line);
    if (isEdited) item.append(editorOf(run, act));
    else if (run.tags.length || run.note) item.append(wordsOf(run, act));
    return item;
  }

  ponder.historyRow = row;
})();
