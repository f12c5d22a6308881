// What was measured, a card for each claim: its numbers, some of its runs, and its figures once it is opened.
//
//   const claims = new ponder.SystemClaims(look, plotly);   // look({what, name}): the page's function
//   place.append(claims.card(row));                         // a row as app/system_claims.py makes it
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeSign } = ponder;
  const COLUMNS = ['On', 'Measured', 'Found (95 %)', 'Asked', 'Tokens'];
  const NOT_DRAWN = 'The figure did not arrive; close this and open it again.';

  function heading(text) {
    return make('h3', '', text);
  }

  const signOf = ({ sign, word }, good) => makeSign(word === good ? 'sy-mark sy-good' : 'sy-mark', sign, word);

  function numbers(title, rows) {
    const table = make('table', 'sy-table sy-numbers');
    table.setAttribute('aria-label', `${title}: numbers`);
    const head = make('tr');
    for (const text of COLUMNS) {
      const cell = make('th', '', text);
      cell.scope = 'col';
      head.append(cell);
    }
    table.append(make('thead'), make('tbody'));
    table.tHead.append(head);
    table.tBodies[0].append(...rows.map(number));
    return table;
  }

  function number(row) {
    const line = make('tr');
    const on = make('th', '', row.on);
    on.scope = 'row';
    const measured = make('td');
    measured.append(row.measured);
    if (row.note) measured.append(make('span', 'sy-note', row.note));
    const asked = make('td', '');
    if (row.asked) asked.append(signOf(row, 'reached'), ` ${row.asked}`);
    const cells = [measured, make('td', 'sy-value', row.found), asked, make('td', 'sy-value', row.tokens)];
    cells.forEach((cell, at) => { cell.dataset.label = COLUMNS[at + 1]; });
    line.append(on, ...cells);
    return line;
  }

  function run(row) {
    const item = make('li');
    const link = make('a', '', row.problem);
    link.href = `.?run=${encodeURIComponent(row.id)}`;
    const about = make('span', 'sy-advice', [row.strategy, row.params, row.model].filter(Boolean).join(' · '));
    item.append(signOf(row, 'right'), link, about);
    return item;
  }

  class SystemClaims {
    constructor(look, plotly) {
      this.look = look;
      this.plotly = plotly;
    }

    card(row) {
      const card = make('details', 'sy-card sy-claim');
      card.id = `measured-${row.name}`;
      const summary = make('summary');
      summary.append(make('span', 'sy-name', row.title), make('span', 'sy-verdict', row.verdict), make('span', 'sy-idea', row.says));
      const body = make('div', 'sy-claim-body');
      body.append(make('p', '', row.summary));
      const figures = row.charts.map(({ name, title }) => this.figure(name, title));
      body.append(...figures.map(({ place }) => place));
      if (row.rows.length) body.append(heading('Numbers'), numbers(row.title, row.rows));
      if (row.runs.length) {
        const list = make('ul', 'sy-runs');
        list.append(...row.runs.map(run));
        body.append(heading('Some of its runs, as they came'), list);
      }
      body.append(heading('How'), make('p', 'sy-advice', row.how));
      card.append(summary, body);
      card.addEventListener('toggle', () => card.open && figures.forEach(({ draw }) => draw()));
      return card;
    }

    figure(name, title) {
      const place = make('figure', 'sy-figure');
      const drawing = make('div', 'pv sy-drawing');
      const caption = make('figcaption', '', title);
      const trouble = make('p', 'pd-error');
      trouble.setAttribute('role', 'alert');
      trouble.hidden = true;
      place.append(caption, drawing, trouble);
      let isAsked = false;
      const draw = async () => {
        if (isAsked) return;
        isAsked = true;
        try {
          const reply = JSON.parse(await this.look({ what: 'chart', name }));
          if (reply.error) throw new Error(reply.error);
          new ponder.PlotlyView(drawing, { source: this.plotly }).show(reply.figure);
        } catch (_) {
          isAsked = false;
          ponder.write(trouble, NOT_DRAWN);
        }
        ponder.reveal(trouble, !isAsked);
      };
      return { place, draw };
    }
  }

  ponder.SystemClaims = SystemClaims;
})();
