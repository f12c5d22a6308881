// The last part of a lesson: one knob, turned live, beside what it was before.
//
// Knows the choices, the live runs and how they came out so far. What a run holds, its lane pulls itself.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton, write, reveal, mark } = ponder;
  const NO_ANSWER = 'Ponder does not answer; check that the program still runs, then choose again.';

  class LearnLive {
    /** `start(asked)` and `pull(asked)` resolve to JSON text. `onOver(sentence)`: all live runs are over. */
    constructor(find, { start, pull, onOver }) {
      this.parts = {};
      for (const name of ['invites', 'knob', 'choices', 'live-alert', 'live-problem', 'live', 'live-watch', 'tally', 'another']) this.parts[name] = find(name);
      Object.assign(this, { start, ask: pull, onOver });
      this.lanes = [];
      this.turn = 0;
      this.parts.another.addEventListener('click', () => this.another());
    }

    show(lesson) {
      this.lesson = lesson;
      this.turn += 1;
      this.chosen = null;
      this.seed = lesson.recorded ? lesson.recorded.seed : 0;
      this.problem = lesson.recorded ? lesson.recorded.problem : null;
      this.isFresh = false;
      this.tally = new Map();
      const { change } = lesson;
      write(this.parts.invites, change.invites);
      write(this.parts.knob, change.title);
      write(this.parts['live-watch'], change.watch);
      this.buttons = change.choices.map(({ label, why_not }, i) => {
        const button = makeButton('ln-choice', undefined, () => this.choose(i));
        const number = make('b', '', String(i + 1));
        number.setAttribute('aria-hidden', 'true');
        button.append(number, make('span', '', label));
        button.disabled = Boolean(why_not);
        if (why_not) button.title = why_not;
        return button;
      });
      const items = this.buttons.map((button, i) => {
        const item = make('li');
        item.append(button);
        if (change.choices[i].why_not) item.append(make('span', 'ln-why', change.choices[i].why_not));
        return item;
      });
      this.parts.choices.replaceChildren(...items);
      this.say('');
      this.showTally();
      this.dress();
      this.clear();
      this.isBegun = false;
    }

    /** Its part of the page is seen: what was recorded stands there before anything is changed. */
    begin() {
      if (this.isBegun) return;
      this.isBegun = true;
      const lane = this.recordedLane();
      if (!lane) return;
      this.lanes.push(lane);
      lane.play(lane.reply);
    }

    // Which of the knob's values the recorded run had; -1 where the problem sets it.
    get before() {
      return this.lesson.change.choices.findIndex(({ value }) => value === this.lesson.change.shown_at);
    }

    // ---- what a person does

    choose(place) {
      const choice = this.lesson.change.choices[place];
      if (!choice || choice.why_not) return false;
      this.chosen = place;
      this.run(this.lesson.change.sets === 'difficulty');
      return true;
    }

    /** The same setting on a problem that nobody has seen. */
    another() {
      if (this.chosen === null) this.chosen = Math.max(0, this.before);
      this.isFresh = true;
      this.seed = Math.floor(Math.random() * 1e6);
      this.run(true);
      return true;
    }

    async run(isAnother) {
      const { lesson, chosen } = this;
      const turn = ++this.turn;
      this.say('');
      this.dress();
      const compare = this.isFresh && this.before !== chosen ? this.before : -1;
      const asked = { lesson: lesson.name, choice: chosen, compare, problem: isAnother ? null : this.problem, seed: this.seed };
      let reply;
      try {
        reply = JSON.parse(await this.start(asked));
      } catch (_) {
        reply = { error: NO_ANSWER };
      }
      if (turn !== this.turn) return;
      if (reply.error) {
        this.say(reply.error);
        return;
      }
      this.problem = reply.problem;
      this.dress();
      this.showRuns(reply.runs, turn);
    }

    // ---- what is seen

    clear() {
      for (const lane of this.lanes) lane.destroy();
      this.lanes = [];
    }

    titleOf(arm, choice) {
      const { change, arms } = this.lesson;
      return change.arms.length > 1 ? arms[arm].title : change.choices[choice].label;
    }

    // The recorded run of the one arm whose knob is turned, if there is one.
    recordedLane() {
      const { change, recorded, arms } = this.lesson;
      if (change.arms.length > 1 || !recorded || this.before < 0) return null;
      const [arm] = change.arms;
      const played = recorded.played.find((one) => one.arm === arm);
      if (!played) return null;
      const lane = new ponder.LearnLane({ title: this.titleOf(arm, this.before), shows: arms[arm].shows });
      lane.reply = played.reply;
      this.parts.live.append(lane.element);
      return lane;
    }

    showRuns(runs, turn) {
      this.clear();
      const before = this.isFresh ? null : this.recordedLane();
      if (before) this.lanes.push(before);
      let open = runs.length;
      const isOver = (lane, run) => {
        if (turn !== this.turn) return;
        this.count(lane, run);
        open -= 1;
        if (!open) this.onOver(this.sentence());
      };
      for (const run of runs) {
        const lane = new ponder.LearnLane({
          title: this.titleOf(run.arm, run.choice), shows: this.lesson.arms[run.arm].shows, ask: this.ask, onOver: (one) => isOver(one, run),
        });
        this.parts.live.append(lane.element);
        this.lanes.push(lane);
        lane.follow(run.run);
      }
      before?.play(before.reply); // once each has its room
    }

    count(lane, { arm, choice }) {
      const { change, arms } = this.lesson;
      const { label } = change.choices[choice];
      const key = change.arms.length > 1 ? `${arms[arm].title}, ${label}` : label;
      const { right = 0, all = 0 } = this.tally.get(key) || {};
      this.tally.set(key, { right: right + (lane.head.is_correct === true), all: all + 1 });
      this.showTally();
    }

    showTally() {
      const parts = [...this.tally].map(([key, { right, all }]) => `${key}: ${right} of ${all} right`);
      write(this.parts.tally, `Your live runs so far. ${parts.join('; ')}. One run says little: try some problems before you conclude.`);
      reveal(this.parts.tally, parts.length > 0);
    }

    sentence() {
      return this.lanes.map((lane) => `${lane.element.getAttribute('aria-label')}: ${lane.text.textContent}, ${lane.element.dataset.verdict || 'no answer'}.`).join(' ');
    }

    dress() {
      this.buttons.forEach((button, i) => mark(button, 'aria-pressed', String(i === this.chosen)));
      write(this.parts['live-problem'], this.problem === null ? 'A new one is drawn.' : ponder.treeLabels.pretty(this.problem));
    }

    say(sentence) {
      write(this.parts['live-alert'], sentence);
      reveal(this.parts['live-alert'], Boolean(sentence));
    }
  }

  ponder.LearnLive = LearnLive;
})();
