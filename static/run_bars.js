// Small pictures of numbers: a score as a bar in the tree's colours, and where the time of a run went.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, write } = ponder;

  const clamp = (value) => Math.max(0, Math.min(1, value));

  /** The step of the colour scale, 0 to 7, on which a score in [0, 1] falls: tree_paint.js has the same. */
  const shade = (score) => Math.min(7, Math.floor(clamp(score) * 8));

  /** A bar as long as the score; empty where it is null. */
  function scoreBar(score) {
    const bar = make('span', 'rv-bar');
    bar.setAttribute('aria-hidden', 'true');
    const fill = make('i', `rv-fill rv-shade-${score === null ? 0 : shade(score)}`);
    fill.style.width = `${score === null ? 0 : 100 * clamp(score)}%`;
    bar.append(fill);
    return bar;
  }

  const PARTS = [
    ['generating', 'generating_seconds'],
    ['scoring', 'scoring_seconds'],
    ['running programs', 'executing_seconds'],
  ];

  /** Where the seconds of a run went: its share of the device's work, and the rest. */
  class TimeBar {
    constructor(find) {
      this.bar = find('time-bar');
      this.words = find('time-words');
    }

    show({ head, log }) {
      const { usage } = head;
      const known = PARTS.map(([name, key]) => [name, usage[key] || 0]);
      const busy = known.reduce((sum, [, value]) => sum + value, 0);
      const total = Math.max(usage.seconds || log.end_s, busy);
      if (!total) {
        this.said = '';
        write(this.words, 'Nothing yet.');
        this.bar.replaceChildren();
        return;
      }
      const parts = [...known, ['waiting and the rest', total - busy]].filter(([, value]) => value / total >= 0.001);
      const words = parts.map(([name, value]) => `${name} ${percent(value / total)}`);
      if (usage.queue_seconds >= 0.05) words.push(`queued before for ${ponder.runWords.seconds(usage.queue_seconds)}`);
      if (words.join() === this.said) return;
      this.said = words.join();
      const classOf = (i) => (i < parts.length ? `rv-part-${parts[i][0].split(' ')[0]}` : '');
      this.words.replaceChildren(...words.map((word, i) => {
        const item = make('span', '', word);
        if (classOf(i)) item.prepend(make('i', classOf(i)));
        return item;
      }));
      this.bar.replaceChildren(...parts.map(([, value], i) => {
        const part = make('i', classOf(i));
        part.style.flexGrow = String(value / total);
        return part;
      }));
    }
  }

  const percent = (share) => `${share > 0 && share < 0.005 ? '<1' : Math.round(100 * share)} %`;

  Object.assign(ponder, { scoreBar, scoreShade: shade, RunTimeBar: TimeBar });
})();
