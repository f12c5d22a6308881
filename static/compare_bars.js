// What each lane has spent, as bars that are as long in every card: tokens, seconds, GFLOPs, dollars.
//
//   const bars = new ponder.CompareBars(element);
//   bars.show(head, most);       // most: {tokens, seconds, GFLOPs, dollars}, what a full bar is
//
// Knows the usage of a head (app/run_feed.py) and nothing else.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, write } = ponder;

  const small = (value) => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value ? 3 : 1));
  const MEASURES = {
    tokens: [({ generated_tokens, discarded_tokens, scorer_tokens }) => generated_tokens + discarded_tokens + scorer_tokens,
      (value) => value.toLocaleString('en')],
    seconds: [({ seconds }) => seconds, (value) => value.toFixed(value < 0.1 ? 2 : 1)],
    GFLOPs: [({ flops }) => (flops || 0) / 1e9, small],
    dollars: [({ usd }) => usd, (value) => ponder.runWords.dollars(value)],
  };

  /** What a run has spent of each measure. */
  const spent = (usage) => Object.fromEntries(Object.entries(MEASURES).map(([name, [read]]) => [name, read(usage)]));

  class CompareBars {
    constructor(element) {
      this.rows = new Map(Object.keys(MEASURES).map((name) => {
        const row = make('div', 'cp-bar');
        const fill = make('i');
        const track = make('span', 'cp-track');
        track.setAttribute('aria-hidden', 'true');
        track.append(fill);
        const value = make('dd', '', '–');
        row.append(make('dt', '', name), track, value);
        element.append(row);
        return [name, { fill, value }];
      }));
    }

    show(usage, most) {
      const own = usage ? spent(usage) : {};
      for (const [name, { fill, value }] of this.rows) {
        fill.style.width = own[name] ? `${Math.min(100, (100 * own[name]) / (most[name] || own[name]))}%` : '0';
        write(value, usage ? MEASURES[name][1](own[name]) : '–');
      }
    }
  }

  Object.assign(ponder, { CompareBars, compareSpent: spent });
})();
