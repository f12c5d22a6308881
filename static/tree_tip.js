// The tooltip of a node: its words, its numbers, what became of it. Text only, never markup.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const GAP = 16; // px between the node and the tip
  const MARGIN = 8; // px between the tip and the edge of the stage

  const line = (className, text) => {
    const element = document.createElement('div');
    element.className = className;
    element.textContent = text;
    return element;
  };

  function linesOf(item, scorer) {
    const { node } = item;
    if (item.isChip) return [line('tv-tip-state', item.isOpen ? `Fold ${item.count} pruned` : `${item.count} pruned: click to show`)];
    const { caption, scoreOf, shorten } = ponder.treeLabels;
    const said = node.text.replace(/<\/?think>/g, ' ').trim();
    const lines = [line('tv-tip-text', shorten(said || caption(node) || node.kind, 260))];
    if (!item.depth) return lines;
    const facts = [];
    const score = scoreOf(node, scorer);
    if (score) facts.push(`${score.by.replaceAll('_', ' ')} ${score.value.toFixed(2)}`);
    const visits = node.search?.visits;
    if (visits) facts.push(`${visits} visit${visits === 1 ? '' : 's'}`);
    if (node.tokens) facts.push(`${node.tokens} token${node.tokens === 1 ? '' : 's'}`);
    if (facts.length) lines.push(line('tv-tip-facts', facts.join(' · ')));
    const state = (ponder.treeList.STATES[node.status] || node.status) + (item.mark ? `, ${item.mark}` : '');
    const why = node.reason ? `: ${shorten(node.reason, 120)}` : '';
    lines.push(line('tv-tip-state', state[0].toUpperCase() + state.slice(1) + why));
    return lines;
  }

  class TreeTip {
    constructor(stage) {
      this.element = line('tv-tip', '');
      this.element.setAttribute('aria-hidden', 'true'); // the role="tree" list says the same
      this.hide();
      stage.append(this.element);
    }

    /** Shows what is known of `item` beside it, within a stage of `width` by `height` px. */
    show(item, scorer, { width, height }) {
      const { element } = this;
      element.replaceChildren(...linesOf(item, scorer));
      element.hidden = false;
      const { offsetWidth: w, offsetHeight: h } = element;
      const isLow = item.py + GAP + h + MARGIN > height;
      element.style.left = `${Math.max(MARGIN, Math.min(item.px - 24, width - w - MARGIN))}px`;
      element.style.top = `${isLow ? Math.max(4, item.py - h - GAP) : item.py + GAP}px`;
    }

    hide() {
      this.element.hidden = true;
    }

    remove() {
      this.element.remove();
    }
  }

  ponder.TreeTip = TreeTip;
})();
