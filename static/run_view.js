// The run view: follows one run, live, stored or recorded, and shows any moment of it.
//
//   const view = ponder.mountRunView(element, {pull, reselect, export});   // each takes one object, gives JSON text
//   view.open({run, node?, at?, autoplay?});          // a run just started has neither node nor at
//
// Wiring only: RunPull brings the log, the parts show it, at most ten times a second. Tells the page how the
// run stands by the event "ponder:run", and which run Stop concerns by ponder.shownRun. Its markup is
// app/run_view.py's. Load after elements.js, run_log.js, the tree_*.js and all other run_*.js.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const DRAW_EVERY_MS = 100;
  const ADDRESS_EVERY_MS = 400;
  const RECORDED = 'recorded';
  const CALM = matchMedia('(prefers-reduced-motion: reduce)');
  const NARROW = matchMedia('(max-width: 760px)');
  const NO_HEAD = Object.freeze({ // before the server has said how the run stands
    id: '', status: 'unknown', status_reason: '', is_over: false, problem: '', strategy: '', strategy_title: '', model: '', task: null,
    answer: null, is_correct: null, answer_node: null, queue_note: '', params: {}, budget: {}, candidates: [],
    usage: { generated_tokens: 0, discarded_tokens: 0, scorer_tokens: 0, seconds: 0, first_token_seconds: null, usd: 0 },
  });

  class RunView {
    constructor(element, ask) { // `reselect` and `export` are missing in a replay
      const find = (name) => element.querySelector(`[data-part=${name}]`);
      this.element = element;
      this.alert = find('alert');
      this.pull = new ponder.RunPull(ask.pull, {
        onChange: () => this.changed(),
        onTrouble: (sentence, isLost) => this.trouble(sentence, isLost),
      });
      const legend = element.querySelector('.rv-legend');
      this.tree = new ponder.TreeView(find('canvas'), {
        list: find('list'),
        onSelect: (id) => this.select(id),
        corner: () => legend.offsetLeft + legend.offsetWidth + 6,
      });
      this.headline = new ponder.RunHeadline(find);
      this.scrubber = new ponder.RunScrubber(find, (index) => this.moveTo(index));
      this.candidates = new ponder.RunCandidates(find, (id) => this.select(id));
      this.steps = new ponder.RunSteps(find, (id) => this.select(id));
      this.time = new ponder.RunTimeBar(find);
      this.inspector = new ponder.RunInspector(find);
      this.links = new ponder.RunLinks(find, () => this.where(), ask.export);
      this.reselect = new ponder.RunReselect(find, ask.reselect, (id) => this.select(id));
      this.forecast = new ponder.RunForecast(find);
      this.fork = new ponder.RunFork(find);
      this.origin = new ponder.RunOrigin(find);
      this.aloud = new ponder.RunAloud(find('aloud'));
      this.drawnAt = -Infinity;
      this.timer = 0;
      this.forget(null);
    }

    // ---- which run, which moment, which node

    forget(run) {
      clearTimeout(this.timer);
      clearTimeout(this.addressTimer);
      this.timer = 0;
      this.run = run;
      this.log = new ponder.RunLog();
      this.head = NO_HEAD;
      this.wasOver = false;
      this.index = null; // null: the end, wherever that is
      this.selected = null;
      this.wanted = null; // what a link asks for, until there is enough of the log
      this.verdicts = new Map();
      this.scrubber.reset();
      this.candidates.reset();
      this.reselect.reset();
      this.tree.select(null);
      this.tree.update([]);
      this.tree.layOutNow();
      this.tree.showList();
      this.draw();
    }

    open(wanted) {
      const isRecorded = wanted.run === RECORDED;
      this.forget(wanted.run);
      this.wanted = wanted;
      ponder.shownRun = isRecorded ? '' : wanted.run;
      this.trouble('', false);
      const isFresh = !isRecorded && !('node' in wanted);
      if (isFresh) {
        history.replaceState(history.state, '', ponder.runLinks.addressOf({ run: wanted.run }));
        this.tell({ id: wanted.run, is_over: false });
        if (NARROW.matches) this.element.scrollIntoView({ behavior: CALM.matches ? 'auto' : 'smooth', block: 'start' });
      }
      this.pull.follow(wanted.run);
    }

    select(id) {
      this.selected = id;
      this.tree.select(id);
      this.draw();
      this.keepAddress();
    }

    moveTo(index) {
      this.index = index;
      this.ask();
      if (!this.scrubber.isPlaying) this.keepAddress();
    }

    // ---- what the server says

    changed() {
      const isFirst = this.head === NO_HEAD;
      this.log = this.pull.log;
      this.head = this.pull.head;
      this.verdicts = new Map(this.head.candidates.map(({ node, is_correct }) => [node, is_correct]));
      if (this.wanted) this.goWhereWanted(isFirst);
      if (!this.head.is_over) {
        this.tell(this.head);
        this.ask();
        return;
      }
      this.draw();
      this.tree.layOutNow();
      this.tree.showList(); // whoever hears that it is over finds everything there
      this.tell(this.head);
    }

    // A link's moment and node, once they are there; the first visit's replay.
    goWhereWanted(isFirst) {
      const { at, node, autoplay } = this.wanted;
      if (isFirst && autoplay && this.head.is_over && !CALM.matches) this.playFirst();
      if (isFirst && typeof at === 'number' && at < this.log.end_s) this.index = Math.max(2, this.log.indexAt(at));
      if (!Number.isInteger(node) || node < 0) this.wanted = null;
      else if (node < this.log.now.nodes.length) {
        this.selected = node;
        this.tree.select(node);
        this.wanted = null;
      } else if (this.head.is_over) this.wanted = null;
    }

    playFirst() {
      this.scrubber.log = this.log;
      this.scrubber.play();
    }

    trouble(sentence, isLost) {
      write(this.alert, sentence);
      reveal(this.alert, Boolean(sentence));
      if (!isLost) return;
      if (this.head === NO_HEAD) this.head = { ...NO_HEAD, status: 'lost', is_over: true };
      this.draw();
      this.tell({ id: this.run, is_over: true });
    }

    tell(head) {
      window.dispatchEvent(new CustomEvent('ponder:run', { detail: head }));
    }

    // ---- drawing

    ask() {
      if (this.timer) return;
      this.timer = setTimeout(() => this.draw(), Math.max(0, this.drawnAt + DRAW_EVERY_MS - performance.now()));
    }

    draw() {
      clearTimeout(this.timer);
      this.timer = 0;
      this.drawnAt = performance.now();
      const scene = this.scene();
      const { head, moment, rows } = scene;
      const best = rows.find((row) => row.answer !== null);
      this.tree.update(moment.nodes, {
        scorer: head.params.scorer || null,
        answerNode: moment.answered ?? (best ? best.node : null),
        verdicts: this.verdicts,
      });
      for (const part of [this.headline, this.scrubber, this.candidates, this.steps, this.time, this.inspector, this.links,
        this.reselect, this.forecast, this.fork, this.origin]) part.show(scene);
      if (head.id && !this.wasOver) this.aloud.say(ponder.runSummary(scene));
      this.wasOver = head.is_over;
    }

    /** All that the parts show. */
    scene() {
      const { head, log, selected, verdicts } = this;
      const moment = this.index === null ? log.now : log.at(this.index);
      const rows = ponder.runBest.ranked(head, moment);
      const leader = ponder.runBest.leader(moment, rows, head.params.scorer);
      return {
        head, log, moment, rows, selected, verdicts,
        focus: selected !== null && moment.nodes[selected] ? selected : selected === null ? leader : null,
        isAtEnd: this.index === null,
        isLive: Boolean(head.id) && !head.is_over,
        isRecorded: this.run === RECORDED,
      };
    }

    // ---- links

    where() {
      const { head, log, focus } = this.scene();
      return { head, log, focus, at_s: this.index === null ? null : log.at(this.index).at_s };
    }

    // The address follows what is shown, not too often: browsers limit it.
    keepAddress() {
      clearTimeout(this.addressTimer);
      if (this.run === RECORDED || !this.head.id) return;
      this.addressTimer = setTimeout(() => {
        if (!this.head.id || this.scrubber.isPlaying) return;
        const { head, at_s } = this.where();
        history.replaceState(history.state, '', ponder.runLinks.addressOf({ run: head.id, node: this.selected, at_s }));
      }, ADDRESS_EVERY_MS);
    }
  }

  ponder.mountRunView = (element, ask) => {
    const view = new RunView(element, ask);
    ponder.runView = view;
    return view;
  };
})();
