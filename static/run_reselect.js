// Choose again among a run's answers by another rule: stored scores only, nothing is generated.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton, reveal } = ponder;
  const SILENT = 'Ponder does not answer; check that it still runs.';

  class Reselect {
    /** `ask({run, select, aggregate, scorer})` resolves to JSON text; `onPick(id)`: a person wants to see that node. */
    constructor(find, ask, onPick) {
      this.form = find('reselect');
      this.result = find('reselected');
      this.rule = find('reselect-rule');
      this.scorer = find('reselect-scorer');
      this.aggregate = find('reselect-aggregate');
      this.ask = ask;
      this.onPick = onPick;
      this.turn = 0;
      this.form.addEventListener('submit', (event) => {
        event.preventDefault();
        this.choose();
      });
      this.form.addEventListener('change', () => this.dress());
    }

    reset() {
      this.turn += 1;
      this.offered = null;
      this.result.replaceChildren();
      reveal(this.result, false);
    }

    show({ head, moment, rows, isRecorded, isAtEnd }) {
      const isOffered = Boolean(this.ask) && head.is_over && isAtEnd && !isRecorded && rows.length > 1;
      reveal(this.form, isOffered);
      reveal(this.result, isOffered && this.result.childElementCount > 0);
      if (!isOffered || this.offered === head.id) return;
      this.offered = head.id;
      this.run = head.id;
      const finals = rows.flatMap((row) => row.nodes).map((id) => moment.nodes[id]);
      const scorers = [...new Set(finals.flatMap((node) => Object.keys(node.scores)))];
      this.scorer.replaceChildren(...scorers.map((name) => {
        const option = make('option', '', ponder.runScores.titleOf(name));
        option.value = name;
        return option;
      }));
      if (scorers.includes(head.params.scorer)) this.scorer.value = head.params.scorer;
      this.hasScores = scorers.length > 0;
      this.rule.value = this.hasScores ? 'weighted' : 'majority';
      for (const option of this.rule.options) option.disabled = !this.hasScores && option.value !== 'majority';
      this.dress();
    }

    // A vote needs no scores.
    dress() {
      const isScored = this.rule.value !== 'majority' && this.hasScores;
      reveal(this.scorer, isScored);
      reveal(this.aggregate, isScored);
    }

    async choose() {
      const mine = ++this.turn;
      const scorer = this.scorer.hidden ? null : this.scorer.value;
      let reply;
      try {
        reply = JSON.parse(await this.ask({ run: this.run, select: this.rule.value, aggregate: this.aggregate.value, scorer }));
      } catch (_) {
        reply = { error: SILENT };
      }
      if (mine === this.turn) this.say(reply);
    }

    say({ error, node, answer, is_correct, reason, note, is_other }) {
      reveal(this.result, true);
      if (error) {
        this.result.replaceChildren(make('p', 'pd-error', error));
        return;
      }
      const verdict = ponder.runWords.verdictOf(is_correct);
      const { sign, words } = ponder.runWords.VERDICTS[verdict];
      const line = make('p', 'rv-rechosen');
      line.append(make('code', '', answer === null ? 'no answer' : ponder.treeLabels.pretty(answer)), ' ',
        make('span', `rv-${verdict}`, verdict === 'unknown' ? '(not known whether right)' : `${sign} ${words}`), ' ',
        makeButton('rv-link', 'Show it', () => this.onPick(node)));
      const same = is_other ? 'The run itself answered otherwise.' : 'The run itself answered the same.';
      this.result.replaceChildren(line, make('p', 'rv-hint', [reason, note, same].filter(Boolean).join(' ')));
    }
  }

  ponder.RunReselect = Reselect;
})();
