// The Learn page: one lesson at a time, in three parts: predict, play, change one thing.
//
//   ponder.mountLearn(element, { lessons, plotly }, { lesson, start, pull });   // each asks the server: JSON text
//
// Wiring only: which lesson and which part, and that the address says so. Load last.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton, write, reveal, mark } = ponder;
  const PARTS = ['predict', 'play', 'change'];
  const TITLES = { predict: 'Predict', play: 'Play', change: 'Change one thing' };
  const HINTS = { // keys that act
    predict: 'Keys: numbers choose, → goes on',
    play: 'Keys: R plays again, ← → turn pages',
    change: 'Keys: numbers choose, N another problem, ← → turn pages',
  };
  const CALM = matchMedia('(prefers-reduced-motion: reduce)');
  const KEPT = 'ponder-lessons'; // which were done
  const BASE_PX = 1180; // a projected page is as wide as this, enlarged to the window
  const LEAST_ZOOM = 1.3;
  const NO_ANSWER = 'Ponder does not answer; check that the program still runs, then reload this page.';

  class LearnPage {
    constructor(element, { lessons, plotly }, { lesson, start, pull }) {
      const find = (name) => element.querySelector(`[data-part=${name}]`);
      this.root = element.querySelector('.ln');
      this.lessons = lessons;
      this.ask = lesson;
      this.find = find;
      this.sections = Object.fromEntries(PARTS.map((part) => [part, element.querySelector(`[data-step=${part}]`)]));
      this.tabs = Object.fromEntries(PARTS.map((part) => [part, element.querySelector(`[data-go=${part}]`)]));
      this.chart = new ponder.LearnChart(find('chart'), find('table'), plotly);
      this.replay = new ponder.LearnReplay((isPlaying) => this.played(isPlaying));
      this.live = new ponder.LearnLive(find, { start, pull, onOver: (sentence) => this.lived(sentence) });
      this.lanes = [];
      this.known = new Map(); // lessons as the server told them
      this.done = readDone();
      this.furnish();
      const query = new URLSearchParams(location.search);
      this.project(query.get('projector') === '1');
      this.open(query.get('lesson'), query.get('part'));
    }

    furnish() {
      const { find } = this;
      const items = this.lessons.map(({ name, title }, i) => {
        const link = make('a', 'ln-link');
        link.href = `learn?lesson=${name}`;
        link.dataset.lesson = name;
        link.append(make('b', '', String(i + 1)), make('span', '', title), make('i', 'ln-done'));
        link.addEventListener('click', (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          event.stopPropagation();
          this.open(name);
        });
        const item = make('li');
        item.append(link);
        return item;
      });
      find('lessons').replaceChildren(...items);
      for (const part of PARTS) this.tabs[part].addEventListener('click', () => this.goTo(part, true));
      find('next').addEventListener('click', () => this.next());
      find('back').addEventListener('click', () => this.back());
      find('again').addEventListener('click', () => this.again());
      find('projector').addEventListener('click', () => this.project(!this.isProjecting));
      find('keys').addEventListener('click', () => {
        ponder.learnKeys.keep(!ponder.learnKeys.areOn());
        this.dressKeys();
      });
      this.dressKeys();
      window.addEventListener('resize', () => this.isProjecting && this.zoom());
      ponder.learnKeys.listen({
        next: () => this.next(),
        back: () => this.back(),
        again: () => this.part === 'play' && this.again(),
        another: () => this.part === 'change' && this.live.another(),
        projector: () => this.project(!this.isProjecting),
        leave: () => this.isProjecting && this.project(false),
        choose: (place) => (this.part === 'predict' ? this.predict(place) : this.part === 'change' && this.live.choose(place)),
      }, () => this.isProjecting);
    }

    // ---- which lesson

    async open(name, part = 'predict') {
      const index = Math.max(0, this.lessons.findIndex((lesson) => lesson.name === name));
      const wanted = this.lessons[index].name;
      const isUnknown = Boolean(name) && wanted !== name;
      this.wanted = wanted;
      const lesson = await this.fetch(wanted);
      if (this.wanted !== wanted || !lesson) return;
      this.replay.stop();
      this.lesson = lesson;
      this.index = index;
      this.prediction = null;
      this.show();
      this.say(isUnknown ? `There is no lesson “${name.slice(0, 40)}”; here is the first.` : lesson.not_recorded);
      this.goTo(PARTS.includes(part) ? part : 'predict');
    }

    async fetch(name) {
      if (this.known.has(name)) return this.known.get(name);
      let reply;
      try {
        reply = JSON.parse(await this.ask({ lesson: name }));
      } catch (_) {
        reply = { error: NO_ANSWER };
      }
      if (reply.error) {
        this.say(reply.error);
        return null;
      }
      this.known.set(name, reply);
      return reply;
    }

    show() {
      const { find, lesson } = this;
      const { recorded } = lesson;
      write(find('number'), `Lesson ${this.index + 1} of ${this.lessons.length}`);
      write(find('title'), lesson.title);
      write(find('idea'), lesson.idea);
      write(find('family'), lesson.family);
      write(find('remember'), lesson.remember);
      write(find('source'), lesson.source);
      mark(find('measured'), 'href', `system#measured-${lesson.claim}`);
      document.title = `${lesson.title} · Learn · Ponder`;
      for (const link of find('lessons').querySelectorAll('a')) {
        mark(link, 'aria-current', link.dataset.lesson === lesson.name ? 'page' : null);
        const isDone = this.done.has(link.dataset.lesson);
        const sign = link.querySelector('.ln-done');
        write(sign, isDone ? '✓' : '');
        mark(sign, 'aria-label', isDone ? 'done' : null);
        mark(sign, 'role', isDone ? 'img' : null);
      }
      for (const lane of this.lanes) lane.destroy();
      this.lanes = [];
      this.hasPlayed = false;
      this.hasSeenResult = false;
      reveal(find('result'), false);
      if (recorded) this.showRecorded(recorded);
      this.chart.show('', null);
      for (const part of ['predict', 'play']) this.tabs[part].disabled = !recorded;
      this.live.show(lesson);
      reveal(find('lesson'), true);
    }

    showRecorded(recorded) {
      const { find } = this;
      write(find('problem'), ponder.treeLabels.pretty(recorded.problem));
      write(find('play-problem'), ponder.treeLabels.pretty(recorded.problem));
      write(find('question'), recorded.question);
      write(find('watch'), recorded.watch);
      write(find('typical'), `${recorded.typical} ${recorded.model}, ${recorded.made_at}, seed ${recorded.seed}.`);
      this.options = recorded.options.map((text, i) => {
        const button = makeButton('ln-choice', undefined, () => this.predict(i));
        const number = make('b', '', String(i + 1));
        number.setAttribute('aria-hidden', 'true');
        button.append(number, make('span', '', text));
        return button;
      });
      find('options').replaceChildren(...this.options.map((button) => {
        const item = make('li');
        item.append(button);
        return item;
      }));
    }

    // ---- which part

    goTo(part, isByHand = false) {
      const { lesson, find } = this;
      const shown = lesson.recorded ? part : 'change';
      this.part = shown;
      for (const name of PARTS) {
        reveal(this.sections[name], name === shown);
        mark(this.tabs[name], 'aria-current', name === shown ? 'step' : null);
      }
      reveal(find('idea'), shown === 'predict' || !lesson.recorded);
      this.dressNext();
      const first = lesson.recorded ? 'predict' : 'change';
      reveal(find('back'), shown !== first || this.index > 0);
      this.dressKeys();
      this.keepAddress();
      if (shown === 'play' && !this.hasPlayed) this.again();
      else if (shown !== 'play') this.replay.isPlaying && this.replay.finish();
      if (shown === 'change') this.live.begin();
      if (isByHand) {
        this.sections[shown].focus({ preventScroll: true });
        this.root.scrollIntoView({ block: 'start' });
      }
    }

    dressNext() {
      const following = this.lessons[this.index + 1];
      const words = {
        predict: `Next: ${TITLES.play}`,
        play: this.hasSeenResult ? `Next: ${TITLES.change}` : 'How it came out',
        change: following ? `Next lesson: ${following.title}` : 'To the first lesson',
      };
      write(this.find('next'), words[this.part]);
    }

    next() {
      if (this.part === 'play' && !this.hasSeenResult) return this.seeResult();
      const place = PARTS.indexOf(this.part);
      if (place < PARTS.length - 1) this.goTo(PARTS[place + 1], true);
      else this.open(this.lessons[(this.index + 1) % this.lessons.length].name).then(() => this.sections[this.part].focus({ preventScroll: true }));
      return true;
    }

    /** The first step on from the play: what came out of it, wherever it stands on the page. */
    seeResult() {
      this.hasSeenResult = true;
      if (this.replay.isPlaying) this.replay.finish();
      this.find('result').scrollIntoView({ block: 'start', behavior: CALM.matches ? 'auto' : 'smooth' });
      this.dressNext();
      return true;
    }

    back() {
      const place = PARTS.indexOf(this.part);
      if (place > 0 && this.lesson.recorded) this.goTo(PARTS[place - 1], true);
      else if (this.index > 0) this.open(this.lessons[this.index - 1].name);
      else return false;
      return true;
    }

    // ---- predict, play

    predict(place) {
      if (!this.options[place]) return false;
      this.prediction = place;
      this.options.forEach((button, i) => mark(button, 'aria-pressed', String(i === place)));
      this.goTo('play', true);
      if (this.hasPlayed) this.showResult();
      return true;
    }

    again() {
      const { recorded, arms } = this.lesson;
      if (!this.lanes.length) {
        this.lanes = recorded.played.map(({ arm }) => {
          const lane = new ponder.LearnLane({ title: arms[arm].title, shows: arms[arm].shows });
          this.find('played').append(lane.element);
          return lane;
        });
        this.lanes.forEach((lane, i) => lane.play(recorded.played[i].reply)); // once each has its room
      }
      if (this.replay.isPlaying) this.replay.finish();
      else this.replay.play(this.lanes);
      return true;
    }

    played(isPlaying) {
      write(this.find('again'), isPlaying ? 'Skip to the end' : 'Play again');
      if (isPlaying) return;
      this.hasPlayed = true;
      this.showResult();
    }

    showResult() {
      const { find } = this;
      const { options, came_true, says, figures, chart, table } = this.lesson.recorded;
      const said = this.prediction;
      const isRight = said === came_true;
      const yours = said === null ? '' : isRight ? 'as you said' : `you said “${options[said]}”`;
      write(find('verdict'), `${options[came_true]}${yours ? `, ${yours}` : ''}.`);
      mark(find('verdict'), 'data-verdict', said === null ? null : isRight ? 'right' : 'wrong');
      write(find('says'), says);
      write(find('figures'), figures);
      reveal(find('result'), true);
      if (this.part === 'play') {
        this.chart.show(chart, table);
        write(find('aloud'), `${find('verdict').textContent} ${says}`);
      }
    }

    lived(sentence) {
      write(this.find('aloud'), sentence);
      this.done.add(this.lesson.name);
      keepDone(this.done);
      const sign = this.find('lessons').querySelector(`[data-lesson=${this.lesson.name}] .ln-done`);
      write(sign, '✓');
      mark(sign, 'role', 'img');
      mark(sign, 'aria-label', 'done');
    }

    // ---- projector, keys, address

    project(isOn) {
      this.isProjecting = isOn;
      document.body.classList.toggle('ln-projecting', isOn);
      this.root.classList.toggle('ln-large', isOn);
      mark(this.find('projector'), 'aria-pressed', String(isOn));
      this.zoom();
      this.keepAddress();
      return true;
    }

    zoom() {
      const zoom = this.isProjecting ? Math.max(LEAST_ZOOM, document.documentElement.clientWidth / BASE_PX) : 1;
      this.root.style.setProperty('--zoom', zoom.toFixed(3));
      this.chart.enlarge(zoom);
    }

    dressKeys() {
      const isOn = ponder.learnKeys.areOn();
      mark(this.find('keys'), 'aria-pressed', String(isOn));
      write(this.find('hint'), isOn ? HINTS[this.part] || '' : 'Keys are off');
    }

    keepAddress() {
      if (!this.lesson) return;
      const address = new URL(location.href);
      address.search = '';
      address.searchParams.set('lesson', this.lesson.name);
      if (this.part !== 'predict') address.searchParams.set('part', this.part);
      if (this.isProjecting) address.searchParams.set('projector', '1');
      history.replaceState(history.state, '', address.href);
    }

    say(sentence) {
      write(this.find('alert'), sentence || '');
      reveal(this.find('alert'), Boolean(sentence));
    }
  }

  function readDone() {
    try {
      return new Set(JSON.parse(localStorage.getItem(KEPT)) || []);
    } catch (_) {
      return new Set();
    }
  }

  function keepDone(done) {
    try {
      localStorage.setItem(KEPT, JSON.stringify([...done]));
    } catch (_) {
      // a browser that keeps nothing forgets what was done
    }
  }

  ponder.mountLearn = (element, choices, server) => {
    ponder.learnPage = new LearnPage(element, choices, server);
    return ponder.learnPage;
  };
})();
