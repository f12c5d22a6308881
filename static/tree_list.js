// The tree in words: a visually hidden role="tree" list beside the canvas, for keyboard and screen reader.
//
// Holds at most MOST items, those nearest to what matters, and is brought up to date when there is time.
// Knows nothing of pixels.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const MOST = 200;
  let lists = 0;

  const STATES = {
    growing: 'growing', kept: 'kept', pruned: 'pruned', selected: 'on the path of the answer',
    finished: 'finished', aborted: 'stopped',
  };

  /** What a screen reader says of an item: words, score, state. */
  function sayItem(item, scorer, verdict) {
    if (item.isChip) return item.isOpen ? `Fold ${item.count} pruned` : `${item.count} pruned, Enter shows them`;
    const { caption, scoreOf, shorten } = ponder.treeLabels;
    const score = scoreOf(item.node, scorer);
    const parts = [shorten(caption(item.node) || item.node.kind, 120)];
    if (item.depth === 0) parts.unshift('Question');
    else if (item.node.kind === 'critique') parts.unshift('Critique');
    else if (item.node.is_final) parts.unshift('Answer');
    if (score) parts.push(`${score.by.replaceAll('_', ' ')} ${score.value.toFixed(2)}`);
    if (verdict === true) parts.push('right');
    if (verdict === false) parts.push('wrong');
    if (item.depth) parts.push(STATES[item.node.status] || item.node.status);
    return parts.join(', ');
  }

  // At most MOST items in drawing order: paths that matter and their children first, then from the top.
  function chosenFew(items, cursor) {
    if (items.length <= MOST) return inReadingOrder(items[0]);
    const few = new Set();
    const add = (item) => few.size < MOST && few.add(item);
    for (const item of items) if (item.isWinning || item.isChosen) add(item);
    for (let item = cursor; item; item = item.parent) add(item);
    for (const item of cursor ? [...(cursor.parent ? cursor.parent.kids : []), ...cursor.kids] : []) add(item);
    for (const item of items) add(item);
    return inReadingOrder(items[0]).filter((item) => few.has(item));
  }

  function inReadingOrder(root) {
    const order = [];
    const waiting = root ? [root] : [];
    while (waiting.length) {
      const item = waiting.pop();
      order.push(item);
      for (let i = item.kids.length - 1; i >= 0; i--) waiting.push(item.kids[i]);
    }
    return order;
  }

  /** Keeps `element` (made role="tree") equal to the tree. `onPick(key)`: an item was activated. */
  class TreeList {
    constructor(element, onPick) {
      this.element = element;
      this.rows = new Map();
      this.prefix = `tv-${++lists}-`;
      element.classList.add('tv-list');
      element.setAttribute('role', 'tree');
      if (!element.hasAttribute('aria-label')) element.setAttribute('aria-label', 'Reasoning tree');
      element.tabIndex = 0;
      this.onClick = (event) => {
        const row = event.target.closest('[role=treeitem]');
        if (row) onPick(row.dataset.key);
      };
      element.addEventListener('click', this.onClick);
    }

    show({ items, cursor, scorer, verdicts }) {
      const few = items.length ? chosenFew(items, cursor) : [];
      const wanted = new Set(few.map((item) => String(item.key)));
      for (const [key, row] of this.rows) {
        if (!wanted.has(key)) {
          row.remove();
          this.rows.delete(key);
        }
      }
      let place = this.element.firstElementChild;
      for (const item of few) {
        const key = String(item.key);
        let row = this.rows.get(key);
        if (!row) {
          row = document.createElement(this.element.matches('ul, ol') ? 'li' : 'div');
          row.id = this.prefix + key.replace('+', 'c');
          row.dataset.key = key;
          row.setAttribute('role', 'treeitem');
          this.rows.set(key, row);
        }
        if (row === place) place = place.nextElementSibling;
        else this.element.insertBefore(row, place);
        const set = (name, value) => row.getAttribute(name) !== value && row.setAttribute(name, value);
        set('aria-label', sayItem(item, scorer, item.isChip ? null : verdicts?.get(item.id)));
        set('aria-level', String(item.depth + 1));
        set('aria-selected', String(Boolean(item.isSelected)));
        if (item.kids.length) set('aria-expanded', 'true');
        else if (item.isChip) set('aria-expanded', String(item.isOpen));
        else row.removeAttribute('aria-expanded');
      }
      const active = cursor && this.rows.get(String(cursor.key));
      if (active) this.element.setAttribute('aria-activedescendant', active.id);
      else this.element.removeAttribute('aria-activedescendant');
    }

    destroy() {
      this.element.removeEventListener('click', this.onClick);
      this.element.replaceChildren();
    }
  }

  ponder.TreeList = TreeList;
  ponder.treeList = { STATES };
})();
