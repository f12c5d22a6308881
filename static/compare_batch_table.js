// The numbers of a batch: a line for each lane, and for each problem what every lane made of it.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make } = ponder;
  const GLYPHS = ['●', '▲', '■', '◆'];
  const SIGNS = { true: ['✓', 'rv-right', 'right'], false: ['✗', 'rv-wrong', 'wrong'] };

  const percent = (share) => `${Math.round(100 * share)} %`;

  function glyph(place) {
    const sign = make('span', 'cp-glyph', GLYPHS[place]);
    sign.dataset.place = String(place);
    sign.setAttribute('aria-hidden', 'true');
    return sign;
  }

  function cell(tag, ...content) {
    const element = make(tag);
    element.append(...content);
    return element;
  }

  /** Fills `body` with a row for each lane of a batch's reply. */
  function laneRows(body, lanes) {
    body.replaceChildren(...lanes.map(({ name, solved, found, seconds, tokens }, place) => {
      const head = cell('th', glyph(place), ' ', name);
      head.scope = 'row';
      const row = cell('tr', head);
      if (!solved) row.append(...Array.from({ length: 5 }, () => cell('td', '–')));
      else {
        const { value, low, high } = solved;
        row.append(
          cell('td', cell('strong', percent(value))), cell('td', `${Math.round(100 * low)}–${Math.round(100 * high)}`),
          cell('td', percent(found.value)), cell('td', seconds.toFixed(seconds < 10 ? 2 : 1)),
          cell('td', Math.round(tokens).toLocaleString('en')),
        );
      }
      return row;
    }));
  }

  /** Fills a table with every problem, each a link to its runs side by side. */
  function problemRows(head, body, { names, problems }) {
    head.replaceChildren(cell('tr', scoped('problem'), ...names.map((name, place) => scoped(glyph(place), ' ', name))));
    body.replaceChildren(...problems.map(({ text, lanes }) => {
      const runs = lanes.filter(Boolean).map(({ run }) => run);
      const link = make(runs.length ? 'a' : 'span', 'cp-problem-link', text.replaceAll('\n', '  '));
      if (runs.length) link.href = `compare?runs=${runs.map(encodeURIComponent).join(',')}`;
      return cell('tr', cell('td', link), ...lanes.map((lane) => cell('td', lane ? outcome(lane) : '–')));
    }));
  }

  function outcome({ answer, is_correct: isCorrect }) {
    const [text, style, words] = SIGNS[isCorrect] || ['?', 'cp-soft', 'failed'];
    const sign = make('span', style, text);
    sign.setAttribute('role', 'img');
    sign.setAttribute('aria-label', words);
    sign.title = answer === null ? 'no answer' : answer;
    return sign;
  }

  function scoped(...content) {
    const head = cell('th', ...content);
    head.scope = 'col';
    return head;
  }

  ponder.compareTables = { laneRows, problemRows };
})();
