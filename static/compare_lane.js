// One lane of a comparison: its strategy and settings, and its run as it goes: answer, small tree, cost.
//
//   const lane = new ponder.CompareLane(place, menus, { ask, onEdit, onRemove, onChange });
//   lane.set({strategy, model, params}); lane.follow(runId); lane.forget(); lane.destroy();
//   lane.tell({ differences, forecast }); lane.showBars(most); lane.markStale();
//
// `onEdit(change)`: a person changed strategy, model or params. `onChange()`: its run is further than it was.
// Knows no other lane. Load after run_pull.js, tree_*.js, run_words.js, run_best.js, compare_settings.js, _bars.js.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton, write, reveal, mark } = ponder;
  const GLYPHS = ['●', '▲', '■', '◆'];
  const DRAW_EVERY_MS = 120;
  const STATES = {
    queued: 'waiting', running: 'running', finished: 'done', partial: 'budget spent', cancelled: 'stopped',
    interrupted: 'interrupted', failed: 'failed',
  };

  class CompareLane {
    constructor(place, menus, { ask, onEdit, onRemove, onChange }) {
      this.menus = menus;
      this.onChange = onChange;
      this.element = make('section', 'cp-card cp-lane');
      this.element.dataset.place = String(place);
      this.element.setAttribute('aria-label', `Lane ${place + 1}`);
      this.furnish(place, onEdit, onRemove);
      this.pull = new ponder.RunPull(ask, {
        onChange: () => this.changed(),
        onTrouble: (sentence, isLost) => this.trouble(sentence, isLost),
      });
      this.drawnAt = -Infinity;
      this.timer = 0;
      this.forget();
    }

    furnish(place, onEdit, onRemove) {
      const { strategies } = this.menus;
      const glyph = make('span', 'cp-glyph', GLYPHS[place]);
      glyph.setAttribute('aria-hidden', 'true');
      this.strategy = make('select', 'cp-strategy');
      this.strategy.setAttribute('aria-label', `Strategy of lane ${place + 1}`);
      ponder.compareFields.fill(this.strategy, [...strategies.values()].map(({ name, title }) => [name, title]), '');
      this.strategy.lastElementChild.remove(); // the empty one
      this.strategy.addEventListener('change', () => onEdit({ strategy: this.strategy.value, params: {} }));
      this.state = make('span', 'cp-state');
      this.remove = makeButton('cp-remove', '×', onRemove);
      this.remove.setAttribute('aria-label', `Remove lane ${place + 1}`);
      const head = make('header', 'cp-lane-head');
      head.append(glyph, this.strategy, this.state, this.remove);

      this.answer = make('span', 'cp-answer-text');
      this.sign = make('span', 'cp-sign');
      this.sign.setAttribute('role', 'img');
      const title = make('p', 'cp-answer');
      title.append(this.answer, this.sign);
      this.found = make('p', 'cp-soft cp-line');
      this.words = make('span');
      const summary = make('summary');
      summary.append(make('span', 'cp-unseen', `Lane ${place + 1}. `), this.words);
      this.details = make('details', 'cp-settings');
      const fields = make('div', 'cp-fields');
      this.details.append(summary, fields);
      this.settings = new ponder.CompareSettings(fields, this.menus.models, onEdit);
      this.alert = make('p', 'pd-error');
      this.alert.setAttribute('role', 'alert');
      const top = make('div', 'cp-lane-top');
      top.append(title, this.found, this.details, this.alert);

      const stage = make('div', 'cp-tree');
      const canvas = make('canvas');
      const list = make('ul');
      list.setAttribute('aria-label', `Reasoning tree of lane ${place + 1}`);
      this.empty = make('p', 'cp-tree-empty', 'The tree grows here.');
      stage.append(canvas, list, this.empty);
      this.node = make('p', 'cp-node');
      this.tree = null; // once the card is on the page: it measures its place
      this.makeTree = () => new ponder.TreeView(canvas, { list, onSelect: (id) => this.select(id) });
      this.stage = stage;

      const costs = make('dl', 'cp-bars');
      this.bars = new ponder.CompareBars(costs);
      this.open = make('a', 'cp-open', 'Open this run');
      this.open.setAttribute('aria-label', `Open this run of lane ${place + 1}`);
      this.element.append(head, top, stage, this.node, costs, this.open);
    }

    /** Call once the card is on the page. */
    mounted() {
      this.tree ??= this.makeTree();
    }

    // ---- settings

    set(lane) {
      const strategy = this.menus.strategies.get(lane.strategy);
      if (!strategy) this.strategy.append(new Option(lane.strategy, lane.strategy)); // of a run made elsewhere
      this.strategy.value = lane.strategy;
      this.idea = strategy ? strategy.idea : '';
      this.settings.show(lane, strategy ? strategy.parameters : []);
      this.draw();
    }

    /** `differences`: words of what sets it apart; `forecast`: what the budget will buy; null leaves it. */
    tell({ differences = null, forecast = null }) {
      if (differences !== null) write(this.words, `Settings: ${differences.length ? differences.join(' · ') : 'the usual'}`);
      if (forecast !== null) this.forecast = forecast;
      if (!this.run) this.draw();
    }

    allowRemoval(isAllowed) {
      reveal(this.remove, isAllowed);
    }

    // ---- its run

    get head() {
      return this.pull.head;
    }

    /** What its run has spent; how long it takes is counted at its end, and until then told by its events. */
    get usage() {
      return this.head && { ...this.head.usage, seconds: this.head.usage.seconds || this.pull.log.end_s };
    }

    get isOver() {
      return !this.run || this.isLost || Boolean(this.head && this.head.is_over);
    }

    forget() {
      clearTimeout(this.timer);
      this.timer = 0;
      this.run = null;
      this.isLost = false;
      this.isStale = false;
      this.selected = null;
      this.pull.turn += 1; // what was asked is not wanted any more
      this.pull.forget();
      this.trouble('', false);
      if (this.tree) {
        this.tree.select(null);
        this.tree.update([]);
        this.tree.layOutNow();
      }
      this.draw();
    }

    follow(run) {
      this.mounted();
      this.forget();
      this.run = run;
      this.draw();
      this.pull.follow(run);
    }

    changed() {
      this.onChange();
      if (this.head.is_over) this.draw();
      else if (!this.timer) this.timer = setTimeout(() => this.draw(), Math.max(0, this.drawnAt + DRAW_EVERY_MS - performance.now()));
    }

    trouble(sentence, isLost) {
      write(this.alert, sentence);
      reveal(this.alert, Boolean(sentence));
      if (!isLost) return;
      this.isLost = true;
      this.draw();
      this.onChange();
    }

    /** Says what is wrong with its settings, and shows them. */
    complain(sentence) {
      this.trouble(sentence, false);
      this.details.open = true;
      this.alert.scrollIntoView({ block: 'center' });
    }

    /** Its settings are no longer those of the run that it shows. */
    markStale() {
      this.isStale = Boolean(this.run);
      this.draw();
    }

    select(id) {
      this.selected = id;
      this.draw();
    }

    // ---- drawing

    draw() {
      clearTimeout(this.timer);
      this.timer = 0;
      this.drawnAt = performance.now();
      const { head } = this;
      this.element.classList.toggle('cp-stale', this.isStale);
      this.element.classList.toggle('cp-idle', !this.run || this.isLost);
      write(this.state, this.isStale ? 'settings changed' : this.stateWords());
      mark(this.state, 'title', (head && head.status_reason) || null);
      reveal(this.open, Boolean(this.run) && !this.isLost);
      if (this.run) mark(this.open, 'href', `.?run=${encodeURIComponent(this.run)}`);
      reveal(this.empty, !this.run || this.isLost);
      if (!head) {
        const waiting = this.isLost ? 'Nothing to show' : 'Getting ready';
        this.showAnswer(this.run ? waiting : this.idea || '', '', !this.run || this.isLost);
        write(this.found, this.run ? '' : this.forecast || '');
        reveal(this.node, false);
        return;
      }
      const moment = this.pull.log.now;
      const rows = ponder.runBest.ranked(head, moment);
      const best = head.is_over ? null : rows.find((row) => row.answer !== null);
      if (head.answer !== null) this.showRight(head, head.answer, head.is_correct);
      else if (best) this.showRight(head, best.answer, best.is_correct);
      else this.showAnswer(head.is_over ? 'no answer' : 'Thinking', head.is_over && head.is_correct === false ? 'wrong' : '');
      write(this.found, this.foundWords(head, moment));
      if (this.tree) {
        this.tree.update(moment.nodes, {
          scorer: head.params.scorer || null,
          answerNode: moment.answered ?? (rows[0] ? rows[0].node : null),
          verdicts: new Map(head.candidates.map(({ node, is_correct }) => [node, is_correct])),
        });
        if (head.is_over) this.tree.layOutNow();
      }
      this.showNode(moment);
    }

    stateWords() {
      if (this.isLost) return 'not found';
      if (!this.run) return '';
      return this.head ? STATES[this.head.status] || this.head.status : 'waiting';
    }

    foundWords(head, moment) {
      const finished = head.candidates.filter(({ answer }) => answer !== null);
      if (!finished.length) return head.is_over ? head.status_reason : `${ponder.runWords.counted(moment.nodes.length, 'node')}`;
      const right = finished.filter(({ is_correct }) => is_correct).length;
      const isKnown = finished.some(({ is_correct }) => is_correct !== null);
      const answers = ponder.runWords.counted(finished.length, 'answer');
      return isKnown ? `${answers}, ${right || 'none'} right` : answers;
    }

    showRight(head, answer, isCorrect) {
      this.showAnswer(ponder.runWords.answerText(head, answer, isCorrect), ponder.runWords.verdictOf(isCorrect));
    }

    showAnswer(text, verdict, isQuiet = false) {
      write(this.answer, text);
      mark(this.answer, 'title', text);
      this.answer.classList.toggle('cp-quiet', isQuiet);
      mark(this.sign, 'data-verdict', verdict || null);
      reveal(this.sign, Boolean(verdict));
      if (!verdict) return;
      const known = ponder.runWords.VERDICTS[verdict];
      write(this.sign, known.sign);
      mark(this.sign, 'aria-label', known.words);
    }

    showNode(moment) {
      const node = this.selected === null ? null : moment.nodes[this.selected];
      reveal(this.node, Boolean(node));
      if (!node || !this.head) return;
      const score = ponder.treeLabels.scoreOf(node, this.head.params.scorer || null);
      const words = [node.text.trim() || node.kind];
      if (score) words.push(`${score.by.replaceAll('_', ' ')} ${score.value.toFixed(2)}`);
      if (node.reason) words.push(node.reason);
      write(this.node, words.join(' · '));
      mark(this.open, 'href', `.?run=${encodeURIComponent(this.run)}&node=${node.id}`);
    }

    showBars(most) {
      this.bars.show(this.usage, most);
    }

    destroy() {
      clearTimeout(this.timer);
      this.pull.turn += 1;
      this.pull.wake();
      if (this.tree) this.tree.destroy();
      this.element.remove();
    }
  }

  ponder.CompareLane = CompareLane;
})();
