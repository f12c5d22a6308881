// One run in a lesson, recorded or live: its answer, its words or its tree, its candidates, what it spent.
//
//   const lane = new ponder.LearnLane({ title, shows, ask, onOver });   // shows: 'words' or 'tree'
//   place.append(lane.element);
//   lane.play(reply);  lane.showAt(seconds | null);  lane.end_s          // a recorded run
//   lane.follow(run);                                                    // a live one
//   lane.destroy();
//
// Load after run_pull.js, tree_*.js, run_words.js, run_best.js, run_bars.js and run_candidates.js.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, write, reveal, mark } = ponder;
  const DRAW_EVERY_MS = 100;

  class LearnLane {
    constructor({ title, shows, ask = null, onOver = () => {} }) {
      this.shows = shows;
      this.onOver = onOver;
      this.log = new ponder.RunLog();
      this.head = null;
      this.index = null;
      this.timer = 0;
      this.drawnAt = -Infinity;
      this.isRecorded = false;
      this.furnish(title);
      this.pull = ask && new ponder.RunPull(ask, { onChange: () => this.changed(), onTrouble: (sentence) => this.trouble(sentence) });
    }

    furnish(title) {
      this.element = make('section', 'ln-lane');
      this.element.setAttribute('aria-label', title);
      const top = make('header', 'ln-lane-top');
      this.badge = make('span', 'ln-badge');
      top.append(make('h3', '', title), this.badge);
      this.answer = make('p', 'ln-answer');
      this.text = make('span');
      this.sign = make('span', 'ln-sign');
      this.sign.setAttribute('role', 'img');
      this.answer.append(this.text, this.sign);
      this.alert = make('p', 'pd-error');
      this.alert.setAttribute('role', 'alert');
      this.alert.hidden = true;
      this.body = make('div', this.shows === 'words' ? 'ln-words' : 'ln-tree');
      this.facts = make('p', 'ln-facts');
      this.scale = scaleOfScores();
      this.scale.hidden = true;
      this.link = make('a', 'ln-open', 'Open this run');
      this.link.hidden = true;
      this.element.append(top, this.answer, this.alert, this.body, this.scale, this.link, this.facts);
      if (this.shows === 'words') this.furnishWords();
      else this.furnishTree(title);
    }

    furnishWords() {
      this.lines = make('ol', 'ln-written');
      this.body.append(this.lines);
    }

    furnishTree(title) {
      const canvas = make('canvas');
      const list = make('ul');
      list.setAttribute('aria-label', `Reasoning tree: ${title}`);
      this.body.append(canvas, list);
      // It measures its place, so it is made once that is on the page.
      this.makeTree = () => new ponder.TreeView(canvas, { list, onSelect: (id) => this.tree.select(id) });
      const parts = { candidates: make('ol', 'rv-candidates'), 'no-candidates': make('p', 'rv-hint'), 'candidate-count': make('span'), 'more-candidates': make('button', 'rv-link') };
      parts['more-candidates'].type = 'button';
      this.candidates = new ponder.RunCandidates((name) => parts[name], (id) => this.tree?.select(id));
      const block = make('div', 'ln-candidates');
      const heading = make('h4', '', 'Answers');
      heading.append(parts['candidate-count']);
      block.append(heading, parts.candidates, parts['no-candidates'], parts['more-candidates']);
      this.element.append(block);
    }

    // ---- which run, which moment

    /** A recorded run: the whole reply at once, shown at its end until told otherwise. */
    play(reply) {
      this.isRecorded = true;
      this.log.push(reply.events);
      this.head = reply.run;
      this.draw();
    }

    get end_s() {
      return this.log.end_s;
    }

    /** The moment `seconds` after the start; null is the end. */
    showAt(seconds) {
      this.index = seconds === null || seconds >= this.end_s ? null : Math.max(2, this.log.indexAt(seconds));
      this.draw();
    }

    follow(run) {
      this.pull.follow(run);
      this.run = run;
      write(this.badge, 'Live');
      write(this.text, 'Waiting for the model');
    }

    changed() {
      this.log = this.pull.log;
      this.head = this.pull.head;
      if (this.head.is_over) {
        this.draw();
        this.onOver(this);
      } else if (!this.timer) this.timer = setTimeout(() => this.draw(), Math.max(0, this.drawnAt + DRAW_EVERY_MS - performance.now()));
    }

    trouble(sentence) {
      write(this.alert, sentence);
      reveal(this.alert, Boolean(sentence));
    }

    // ---- drawing

    draw() {
      clearTimeout(this.timer);
      this.timer = 0;
      this.drawnAt = performance.now();
      const { head, log } = this;
      if (!head) return;
      const isAtEnd = this.index === null;
      const moment = isAtEnd ? log.now : log.at(this.index);
      const isOver = head.is_over && isAtEnd;
      const rows = ponder.runBest.ranked(head, moment);
      const verdicts = new Map(head.candidates.map(({ node, is_correct }) => [node, is_correct]));
      write(this.badge, this.isRecorded ? 'Recorded' : isOver ? 'Live, done' : 'Live');
      this.element.dataset.over = String(isOver);
      reveal(this.link, isOver && !this.isRecorded);
      if (!this.isRecorded) this.link.href = `.?run=${encodeURIComponent(this.run)}`;
      this.showAnswer(isOver, rows);
      reveal(this.scale, this.shows === 'tree' && Boolean(head.params.scorer));
      if (this.shows === 'words') this.showWords(moment);
      else {
        this.showTree(moment, rows, verdicts, isOver);
        this.candidates.show({ head, rows, selected: this.tree.selected, isAtEnd: isOver });
      }
      write(this.facts, this.factLine(moment, rows, isOver));
    }

    showAnswer(isOver, rows) {
      const { head } = this;
      const best = rows.find((row) => row.answer !== null);
      const answer = isOver ? head.answer : best ? best.answer : null;
      const isCorrect = isOver ? head.is_correct : best ? best.is_correct : null;
      const status = head.status === 'failed' ? head.status_reason : 'No answer';
      write(this.text, answer === null ? (isOver ? status : 'Thinking') : ponder.runWords.answerText(head, answer, isCorrect));
      const verdict = ponder.runWords.verdictOf(isCorrect);
      reveal(this.sign, answer !== null);
      mark(this.sign, 'data-verdict', verdict);
      write(this.sign, ponder.runWords.VERDICTS[verdict].sign);
      mark(this.sign, 'aria-label', ponder.runWords.VERDICTS[verdict].words);
      this.element.dataset.verdict = isOver && answer !== null ? verdict : '';
    }

    showWords(moment) {
      const said = moment.nodes.slice(1).map((node) => node.text).join('');
      const [thought, ...rest] = said.split('</think>');
      const steps = thought.replace('<think>', '').split('\n').map((line) => line.trim()).filter(Boolean);
      const lines = steps.map((line) => [ponder.treeLabels.pretty(line), 'ln-step']);
      if (rest.length) lines.push([rest.join('').trim(), 'ln-final']);
      while (this.lines.children.length > lines.length) this.lines.lastElementChild.remove();
      lines.forEach(([text, name], i) => {
        const line = this.lines.children[i] || this.lines.appendChild(make('li'));
        line.className = name;
        write(line, text);
      });
    }

    showTree(moment, rows, verdicts, isOver) {
      this.tree ??= this.makeTree();
      const best = rows.find((row) => row.answer !== null);
      this.tree.update(moment.nodes, { scorer: this.head.params.scorer || null, answerNode: moment.answered ?? (best ? best.node : null), verdicts });
      if (!isOver) return;
      this.tree.layOutNow();
      this.tree.showList();
    }

    factLine(moment, rows, isOver) {
      const { counted, seconds } = ponder.runWords;
      const { usage } = this.head;
      const answers = rows.filter((row) => row.answer !== null);
      const all = answers.reduce((sum, row) => sum + row.count, 0);
      const right = answers.filter((row) => row.is_correct).reduce((sum, row) => sum + row.count, 0);
      const spent = isOver ? usage.generated_tokens + usage.discarded_tokens + usage.scorer_tokens : moment.tokens;
      const many = all > 1 ? [counted(all, 'answer'), `${answers.length} different`, `${right} right`] : [];
      return [...many, counted(spent, 'token'), seconds(isOver ? usage.seconds || this.end_s : moment.at_s)].join(' · ');
    }

    destroy() {
      clearTimeout(this.timer);
      if (this.pull) this.pull.turn += 1; // replies that still come are another run's
      this.onOver = () => {};
      this.tree?.destroy();
      this.element.remove();
    }
  }

  // Which colour is which score: those of the tree.
  function scaleOfScores() {
    const scale = make('p', 'ln-scale');
    const colours = make('span', 'rv-scale');
    colours.setAttribute('aria-hidden', 'true');
    for (let shade = 0; shade < 8; shade++) colours.append(make('i', `rv-shade-${shade}`));
    scale.append(make('span', '', 'score 0'), colours, make('span', '', '1'));
    return scale;
  }

  ponder.LearnLane = LearnLane;
})();
