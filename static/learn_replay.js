// One clock for the recorded runs of a lesson, so that they are seen side by side as fast as they were.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const TICK_MS = 100;
  const SHORTEST_S = 3; // of a whole replay; faster runs are slowed down,
  const LONGEST_S = 7; // slower ones sped up
  const CALM = matchMedia('(prefers-reduced-motion: reduce)');

  class LearnReplay {
    /** `onChange(isPlaying)`: it began or ended. */
    constructor(onChange) {
      this.onChange = onChange;
      this.timer = 0;
      this.lanes = [];
    }

    get isPlaying() {
      return this.timer !== 0;
    }

    /** Plays the lanes from their start, all to the same clock; where motion is unwanted, shows their ends. */
    play(lanes) {
      this.stop();
      this.lanes = lanes;
      const end_s = Math.max(...lanes.map((lane) => lane.end_s));
      if (CALM.matches || !end_s) return this.finish();
      const pace = end_s / Math.min(LONGEST_S, Math.max(SHORTEST_S, end_s));
      const began = performance.now();
      const tick = () => {
        const at_s = ((performance.now() - began) / 1000) * pace;
        if (at_s >= end_s) return this.finish();
        for (const lane of lanes) lane.showAt(at_s);
        return undefined;
      };
      this.timer = setInterval(tick, TICK_MS);
      tick();
      this.onChange(true);
      return undefined;
    }

    /** Shows the end at once. */
    finish() {
      this.stop();
      for (const lane of this.lanes) lane.showAt(null);
      this.onChange(false);
    }

    /** Stands still, telling nobody. */
    stop() {
      clearInterval(this.timer);
      this.timer = 0;
    }
  }

  ponder.LearnReplay = LearnReplay;
})();
