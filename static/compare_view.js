// The Compare page: lanes that share a problem and a budget, and batches of them.
//
//   ponder.mountCompare(element, choices, pull, ask);    // the two questions of app/compare_feed.py
//
// Wiring only: the parts show, this file knows which lanes there are and keeps the address. Opens
// ?runs=ID,ID… and ?batch=ID. Load after all other compare_*.js.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const FORECAST_MS = 300;
  const FIRST = {
    problem: 'Use 4 5 6 10 to make 24.', seed: 7, unit: 'tokens', amount: 2000,
    strategies: ['mcts', 'best_of_n', 'self_consistency'], next: ['beam_search', 'chain_of_thought'],
  };
  const SILENT = 'Ponder does not answer. Check that the program still runs; what is shown stays here.';

  class CompareView {
    constructor(element, choices, pull, ask) {
      const find = (name) => element.querySelector(`[data-part=${name}]`);
      this.find = find;
      this.choices = choices;
      this.menus = { strategies: new Map(choices.strategies.map((one) => [one.name, one])), models: choices.models };
      this.ask = async (asked) => {
        try {
          return JSON.parse(await ask(asked));
        } catch (_) {
          return { error: SILENT, isSilent: true };
        }
      };
      this.pullOne = ponder.askTogether(pull);
      this.parts = Object.fromEntries(['lanes', 'run', 'stop', 'add', 'verdict', 'headline', 'rest', 'caution', 'batch-form'].map((name) => [name, find(name)]));
      this.setup = new ponder.CompareSetup(find, choices, {
        ask: this.ask, onEdit: () => this.edited(), onModel: (model) => this.setModels(model),
      });
      this.form = new ponder.CompareBatchForm(find, choices, {
        ask: this.ask, shared: () => ({ ...this.setup.read(), lanes: this.settings }), mayStart: () => !this.hasUnread(),
        onStart: (id) => this.openBatch(id),
      });
      this.setup.onFamily = (family, difficulty) => this.form.suggest(family, difficulty);
      this.batch = new ponder.CompareBatch(find, {
        ask: this.ask, source: choices.plotly, onPlan: (plan) => this.takePlan(plan), onLeave: () => this.leaveBatch(),
      });
      this.lanes = [];
      this.settings = []; // of the lanes, in their order
      this.runs = [];
      this.batchId = null;
      this.parts.run.addEventListener('click', () => this.start());
      this.parts.stop.addEventListener('click', () => this.stop());
      this.parts.add.addEventListener('click', () => this.add());
      document.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && element.isConnected) this.start();
      });
      this.openAddress();
    }

    // ---- the address

    openAddress() {
      const query = new URLSearchParams(window.location.search);
      const ids = (query.get('runs') || '').split(',').filter(Boolean);
      const runs = [...new Set(ids)].slice(0, this.choices.lanes);
      const model = this.choices.model;
      const strategies = runs.length ? runs.map(() => FIRST.strategies[0]) : FIRST.strategies;
      this.setup.show(FIRST);
      this.setLanes(strategies.map((strategy) => ({ strategy, model, params: {} })));
      if (runs.length) {
        this.waitsFor = runs.length; // heads that will say what the lanes are
        this.followAll(runs);
        if (ids.length > runs.length) this.setup.say(`A comparison has at most ${this.choices.lanes} different runs; these are the first.`);
      }
      const batch = query.get('batch');
      if (batch) this.openBatch(batch, !runs.length);
      else this.form.listEarlier();
      this.showVerdict(null);
    }

    keepAddress() {
      const words = [];
      if (this.runs.length) words.push(`runs=${this.runs.map(encodeURIComponent).join(',')}`);
      if (this.batchId) words.push(`batch=${encodeURIComponent(this.batchId)}`);
      history.replaceState(history.state, '', `${window.location.pathname}${words.length ? `?${words.join('&')}` : ''}`);
    }

    // ---- lanes

    setLanes(settings) {
      for (const lane of this.lanes) lane.destroy();
      this.settings = settings;
      this.lanes = settings.map((one, place) => {
        const lane = new ponder.CompareLane(place, this.menus, {
          ask: this.pullOne,
          onEdit: (change) => this.edit(place, change),
          onRemove: () => this.remove(place),
          onChange: () => this.changed(place),
        });
        this.parts.lanes.append(lane.element);
        lane.mounted();
        lane.set(one);
        return lane;
      });
      this.arrange();
      this.tell();
    }

    arrange() {
      this.parts.lanes.dataset.count = String(this.lanes.length);
      for (const lane of this.lanes) lane.allowRemoval(this.lanes.length > 1);
      const isFull = this.lanes.length >= this.choices.lanes;
      this.parts.add.disabled = isFull;
      this.parts.add.title = isFull ? `A comparison has at most ${this.choices.lanes} lanes.` : '';
      this.setup.showModels(this.settings.map(({ model }) => model));
    }

    add() {
      const used = new Set(this.settings.map(({ strategy }) => strategy));
      const strategy = [...FIRST.strategies, ...FIRST.next].find((name) => !used.has(name)) || FIRST.next[0];
      const last = this.settings[this.settings.length - 1];
      const runs = this.lanes.map((lane) => lane.run);
      this.setLanes([...this.settings, { strategy, model: last.model, params: {} }]);
      this.follow(runs);
      this.lanes[this.lanes.length - 1].strategy.focus();
    }

    remove(place) {
      const runs = this.lanes.map((lane) => lane.run).filter((_, i) => i !== place);
      this.setLanes(this.settings.filter((_, i) => i !== place));
      this.follow(runs);
      this.parts.add.focus();
    }

    edit(place, change) {
      const isOther = 'strategy' in change;
      this.settings[place] = { ...this.settings[place], ...change };
      if (isOther) this.lanes[place].set(this.settings[place]);
      this.lanes[place].trouble('', false);
      this.lanes[place].markStale();
      this.setup.say('');
      this.setup.showModels(this.settings.map(({ model }) => model));
      this.tell();
    }

    setModels(model) {
      this.settings = this.settings.map((lane) => ({ ...lane, model }));
      this.lanes.forEach((lane, i) => lane.set(this.settings[i]));
      this.edited();
    }

    edited() {
      for (const lane of this.lanes) lane.markStale();
      this.setup.say('');
      this.tell();
    }

    // What sets the lanes apart, and what the budget will buy in each.
    tell() {
      const words = ponder.compareDifferences.differences(this.settings, this.menus.strategies);
      this.lanes.forEach((lane, i) => lane.tell({ differences: words[i] }));
      this.form.askCost();
      this.showBars();
      clearTimeout(this.timer);
      this.timer = setTimeout(async () => {
        const asked = this.settings;
        const { lanes, error } = await this.ask({ action: 'forecast', ...this.setup.read(), lanes: asked });
        if (asked !== this.settings && asked.length !== this.settings.length) return;
        if (error) this.setup.say(error);
        this.lanes.forEach((lane, i) => lane.tell({ forecast: lanes ? lanes[i] : '' }));
      }, FORECAST_MS);
    }

    // ---- runs

    async start() {
      if (this.isStarting || this.hasUnread()) return;
      this.isStarting = true;
      this.parts.run.disabled = true;
      const reply = await this.ask({ action: 'start', ...this.setup.read(), lanes: this.settings });
      this.isStarting = false;
      this.parts.run.disabled = false;
      const isOfLane = reply.lane !== undefined;
      this.setup.say(isOfLane ? '' : reply.error);
      if (isOfLane) this.lanes[reply.lane].complain(reply.error);
      if (reply.error) return;
      this.waitsFor = 0;
      this.followAll(reply.runs);
    }

    // Whether a lane has a field that holds no number yet; says so there.
    hasUnread() {
      const place = this.lanes.findIndex((lane) => lane.settings.unread);
      if (place >= 0) this.lanes[place].complain(`Lane ${place + 1}: ${this.lanes[place].settings.unread} must be a number.`);
      return place >= 0;
    }

    async stop() {
      await this.ask({ action: 'stop', runs: this.runs });
    }

    followAll(runs) {
      this.follow(runs);
      this.keepAddress();
    }

    follow(runs) {
      this.judged = '';
      this.lanes.forEach((lane, i) => (runs[i] ? lane.follow(runs[i]) : lane.forget()));
      this.showVerdict(null);
      this.runs = runs.filter(Boolean);
      this.keepAddress();
      this.showGoing();
    }

    changed(place) {
      const lane = this.lanes[place];
      if (this.waitsFor && lane.head && !lane.isTaken) this.takeHead(place);
      this.showBars();
      this.showGoing();
      if (this.runs.length && this.lanes.every((one) => one.isOver)) this.judge();
    }

    // A run that was opened says what its lane is, and the first what they share.
    takeHead(place) {
      const lane = this.lanes[place];
      const { strategy, model, params } = lane.head;
      lane.isTaken = true;
      this.settings[place] = { strategy, model, params };
      lane.set(this.settings[place]);
      this.waitsFor -= 1;
      if (place === 0) this.setup.show(sharedOf(lane.head));
      this.arrange();
      this.tell();
    }

    showBars() {
      const unit = this.setup.unit;
      const all = this.lanes.filter(({ usage }) => usage).map(({ usage }) => ponder.compareSpent(usage));
      const most = {};
      for (const name of Object.keys(this.choices.units)) most[name] = Math.max(0, ...all.map((one) => one[name]));
      const amount = this.setup.read().amount;
      if (amount && all.length) most[unit] = Math.max(most[unit], amount);
      for (const lane of this.lanes) lane.showBars(most);
    }

    showGoing() {
      const isGoing = this.lanes.some((lane) => !lane.isOver);
      const hadFocus = document.activeElement === this.parts.stop;
      reveal(this.parts.stop, isGoing);
      reveal(this.parts.run, !isGoing);
      if (hadFocus && !isGoing) this.parts.run.focus();
    }

    async judge() {
      const runs = this.runs.join();
      if (this.judged === runs) return;
      this.judged = runs;
      const found = this.lanes.filter((lane) => lane.run && !lane.isLost).map((lane) => lane.run);
      if (!found.length) {
        this.showVerdict(null);
        return;
      }
      const verdict = await this.ask({ action: 'verdict', runs: found });
      if (runs === this.runs.join()) this.showVerdict(verdict);
    }

    showVerdict(verdict) {
      const isThere = Boolean(verdict && verdict.headline);
      this.parts.verdict.classList.toggle('cp-waiting', !isThere);
      const isComing = this.lanes.some((lane) => lane.run && !lane.isLost);
      const waiting = isComing ? 'The verdict comes when every lane is done.' : 'Run all lanes on this problem, or a batch of problems below.';
      write(this.parts.headline, isThere ? verdict.headline : '');
      write(this.parts.rest, isThere ? verdict.rest : (verdict && verdict.error) || waiting);
      write(this.parts.caution, isThere ? verdict.caution : '');
    }

    // ---- batches

    openBatch(id, isTaken = false) {
      this.batchId = id;
      this.takesPlan = isTaken;
      reveal(this.parts['batch-form'], false);
      this.batch.open(id);
      this.keepAddress();
    }

    takePlan(plan) {
      this.form.show(plan);
      if (!this.takesPlan) return;
      this.setup.show(plan);
      this.setLanes(plan.lanes);
      this.showVerdict(null);
      this.find('batch').scrollIntoView({ block: 'start' }); // whoever opens a batch comes to see that
    }

    leaveBatch() {
      this.batch.close();
      this.batchId = null;
      reveal(this.parts['batch-form'], true);
      this.form.listEarlier();
      this.form.askCost();
      this.keepAddress();
      this.find('batch-start').focus();
    }
  }

  // What an opened run says of the problem, seed and budget.
  function sharedOf({ problem, task, expected, seed, budget, tests }) {
    const limits = [['tokens', budget.max_tokens], ['seconds', budget.max_seconds], ['GFLOPs', budget.max_flops && budget.max_flops / 1e9], ['dollars', budget.max_usd]];
    const [unit, amount] = limits.find(([, limit]) => limit) || ['tokens', FIRST.amount];
    return { problem, seed, unit, amount, expected: task ? '' : expected, tests: task === 'code' ? tests : null };
  }

  ponder.mountCompare = (element, choices, pull, ask) => {
    ponder.compareView = new CompareView(element, choices, pull, ask);
    return ponder.compareView;
  };
})();
