// The keys of the tree: arrows walk it, Home goes to the question, Enter keeps, Escape clears, + - f zoom.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const STEP = 1.4; // a press of + or -

  // The next item up (-1) or down (1) in the same column, chips of that column included.
  function beside(items, item, step) {
    let best = null;
    for (const other of items) {
      const away = (other.row - item.row) * step;
      if (other.depth === item.depth && away > 0 && (!best || away < (best.row - item.row) * step)) best = other;
    }
    return best;
  }

  // Into the tree: along the answer's path where there is one, else to the middle child.
  const inward = ({ kids }) => kids.find((kid) => kid.isWinning) || kids[Math.floor((kids.length - 1) / 2)];

  /** Acts on a keydown inside `view`'s stage. Keys that mean nothing here are left to the page. */
  function press(view, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { items } = view.layout;
    const current = view.itemOf(view.cursor) || view.itemOf(view.selected);
    const walk = (where) => () => {
      const next = current ? where(current) : items[0];
      if (next) view.moveTo(next);
    };
    const zooms = { '+': () => view.zoomBy(STEP), '=': () => view.zoomBy(STEP), '-': () => view.zoomBy(1 / STEP), f: () => view.fit() };
    const moves = {
      ArrowLeft: walk((item) => item.parent),
      ArrowRight: walk(inward),
      ArrowUp: walk((item) => beside(items, item, -1)),
      ArrowDown: walk((item) => beside(items, item, 1)),
      Home: walk(() => items[0]),
      Enter: () => view.activate(current),
      ' ': () => view.activate(current),
      Escape: () => view.clear(),
    };
    const action = zooms[event.key] || (event.target.closest('button') ? null : moves[event.key]);
    if (!action) return;
    action();
    event.preventDefault();
  }

  ponder.treeKeys = { press };
})();
