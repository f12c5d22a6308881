// The scrubber: any moment of the run, by hand, by keys, or played in time.
//
// Speaks in indices of the event log; null is the end, however far that moves while the run goes on. Knows
// no tree: it tells where it was put.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, mark, reveal } = ponder;
  const TICK_MS = 100; // a new moment at most so often
  const SHORTEST_S = 5; // of a whole replay; faster runs are slowed down,
  const LONGEST_S = 14; // slower ones sped up

  class Scrubber {
    /** `onMove(index | null)`: another moment is wanted. */
    constructor(find, onMove) {
      this.slider = find('slider');
      this.button = find('play');
      this.line = find('moment');
      this.toNow = find('to-now');
      this.onMove = onMove;
      this.log = new ponder.RunLog();
      this.index = null;
      this.isLive = false;
      this.timer = 0;
      this.slider.addEventListener('input', () => {
        this.pause();
        const place = Number(this.slider.value);
        this.moveTo(place >= this.log.places - 1 ? null : this.log.indexOf(place));
      });
      this.slider.addEventListener('keydown', (event) => {
        if (event.key !== ' ') return;
        event.preventDefault();
        this.toggle();
      });
      this.button.addEventListener('click', () => this.toggle());
      this.toNow.addEventListener('click', () => {
        this.pause();
        this.moveTo(null);
        this.slider.focus();
      });
    }

    get isPlaying() {
      return this.timer !== 0;
    }

    /** Another run: at its end, still. */
    reset() {
      this.pause();
      this.index = null;
    }

    moveTo(index) {
      this.index = index === null || index >= this.log.events.length ? null : Math.max(2, index);
      this.onMove(this.index);
    }

    toggle() {
      if (this.isPlaying) this.pause();
      else if (this.index === null && this.isLive) this.moveTo(this.log.events.length - 1); // holds this moment
      else this.play();
      this.dress();
    }

    /** Plays from here to the end; from the end, all of it. */
    play() {
      const { log } = this;
      if (log.places < 2) return;
      if (this.index === null) this.moveTo(log.indexOf(0));
      const from_s = log.at(this.index).at_s;
      const length_s = Math.max(SHORTEST_S, Math.min(LONGEST_S, log.end_s));
      const pace = log.end_s / length_s || 1;
      const began = performance.now();
      this.pause();
      this.timer = setInterval(() => {
        const at_s = from_s + ((performance.now() - began) / 1000) * pace;
        const index = log.indexAt(at_s);
        if (index < log.events.length) {
          if (index > this.index) this.moveTo(index);
          return;
        }
        this.pause();
        this.moveTo(null);
      }, TICK_MS);
      this.dress();
    }

    pause() {
      clearInterval(this.timer);
      this.timer = 0;
      this.dress();
    }

    /** The log has grown, or another moment is shown. */
    show({ log, moment, isAtEnd, isLive }) {
      Object.assign(this, { log, isLive });
      const last = Math.max(0, log.places - 1);
      const place = isAtEnd ? last : log.placeOf(moment.index);
      mark(this.slider, 'max', String(last));
      if (this.slider.value !== String(place)) this.slider.value = String(place);
      this.slider.style.setProperty('--done', `${last ? (100 * place) / last : 100}%`);
      this.slider.disabled = last < 1;
      this.button.disabled = last < 1;
      const line = ponder.runWords.momentLine(moment, log.end_s, isAtEnd);
      write(this.line, line);
      mark(this.slider, 'aria-valuetext', line);
      this.dress();
    }

    dress() {
      const isRunning = this.isPlaying || (this.isLive && this.index === null);
      mark(this.button, 'aria-label', isRunning ? 'Pause' : 'Play');
      mark(this.button, 'data-playing', isRunning ? 'yes' : null);
      reveal(this.toNow, this.isLive && this.index !== null);
    }
  }

  ponder.RunScrubber = Scrubber;
})();
