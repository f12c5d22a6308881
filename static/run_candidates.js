// The finished answers, best first: how each is scored, how often it was said, whether it is right.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton, write, reveal, mark } = ponder;
  const FEW = 4; // rows before a person asks for all
  const MOST = 100;

  // What speaks for a row: its score, or its share of the votes. `share` in [0, 1], null where nothing does.
  function worth(row, head, all) {
    if (!head.params.scorer && ponder.runBest.isVote(head.strategy)) {
      const share = all ? row.votes / all : 0;
      const words = head.strategy === 'confident_voting' ? 'of the confidence' : `${row.count} of ${all} votes`;
      return { share, number: `${Math.round(100 * share)} %`, words: `${Math.round(100 * share)} percent, ${words}` };
    }
    if (row.score === null) return { share: null, number: '–', words: 'not scored' };
    return { share: row.score, number: row.score.toFixed(2), words: `scored ${row.score.toFixed(2)}` };
  }

  class Candidates {
    /** `onPick(id)`: a person wants to see that node. */
    constructor(find, onPick) {
      this.list = find('candidates');
      this.empty = find('no-candidates');
      this.count = find('candidate-count');
      this.more = find('more-candidates');
      this.onPick = onPick;
      this.isWhole = false;
      this.shown = '';
      this.more.addEventListener('click', () => {
        this.isWhole = !this.isWhole;
        this.shown = '';
        this.render();
      });
    }

    reset() {
      this.isWhole = false;
    }

    show({ head, rows, selected, isAtEnd }) {
      this.given = { head, rows, selected, isAtEnd };
      this.render();
    }

    render() {
      const { head, rows, selected, isAtEnd } = this.given;
      const some = rows.slice(0, this.isWhole ? MOST : FEW);
      const said = JSON.stringify([some, selected, rows.length, head.params.scorer]);
      const isOver = head.is_over && isAtEnd;
      write(this.empty, isOver ? 'No branch came to an answer.' : 'Finished answers appear here, best first.');
      if (said === this.shown) return;
      this.shown = said;
      const all = rows.reduce((sum, row) => sum + row.count, 0);
      const votes = rows.reduce((sum, row) => sum + row.votes, 0);
      const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.node : null;
      this.list.replaceChildren(...some.map((row) => this.row(row, head, votes, row.nodes.includes(selected))));
      if (focused) this.list.querySelector(`[data-node="${focused}"]`)?.focus();
      reveal(this.list, some.length > 0);
      reveal(this.empty, !some.length);
      write(this.count, all > 1 ? ` ${all}` : '');
      reveal(this.more, rows.length > FEW);
      write(this.more, this.isWhole ? 'Show fewer' : `Show all ${Math.min(rows.length, MOST)}`);
      mark(this.more, 'aria-expanded', String(this.isWhole));
    }

    row(row, head, votes, isSelected) {
      const item = make('li');
      const button = makeButton('rv-candidate', undefined, () => this.onPick(row.node));
      button.dataset.node = row.node;
      if (isSelected) button.setAttribute('aria-current', 'true');
      const { brief, pretty } = ponder.treeLabels;
      const said = row.answer === null ? 'no answer' : pretty(row.answer);
      const answer = make('code', 'rv-candidate-answer', brief(said));
      answer.title = said;
      button.append(answer);
      button.append(make('span', 'rv-times', row.count > 1 ? `× ${row.count}` : ''));
      const { share, number, words } = worth(row, head, votes);
      button.append(ponder.scoreBar(share));
      const value = make('span', 'rv-number', number);
      value.setAttribute('aria-label', words);
      value.setAttribute('role', 'img');
      button.append(value);
      const verdict = ponder.runWords.verdictOf(row.is_correct);
      const { sign, words: spoken } = ponder.runWords.VERDICTS[verdict];
      const mark_ = make('span', `rv-sign rv-${verdict}`, verdict === 'unknown' ? '?' : sign);
      mark_.setAttribute('role', 'img');
      mark_.setAttribute('aria-label', spoken);
      button.append(mark_);
      item.append(button);
      return item;
    }
  }

  ponder.RunCandidates = Candidates;
})();
