// What each item of the tree is for the eye: its score, weight, mark, size, and how much it matters.
//
// Reads nodes; knows neither places nor colours. A rank decides who is labelled first.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  /**
   * Sets score, weight (px of its edge), isWinning, isChosen, isSelected, mark and rank on every item.
   * `winning` and `chosen` are the ids on the answer's path and on the selected node's. True if any grows.
   */
  function dress(items, { winning, chosen, selected, scorer, verdicts }) {
    let mostVisits = 1;
    let isGrowing = false;
    for (const { node, parent } of items) if (parent) mostVisits = Math.max(mostVisits, node.search?.visits || 0);
    for (const item of items) {
      item.score = null;
      if (item.isChip) {
        item.rank = 1e5; // small, and the only way to what it folds
        continue;
      }
      const { node } = item;
      const visits = node.search?.visits || 0;
      if (item.depth) item.score = ponder.treeLabels.scoreOf(node, scorer)?.value ?? null;
      const share = mostVisits > 1 ? (visits / mostVisits) ** 0.7 : (item.score ?? 0.2) ** 2;
      item.weight = 1 + 2.2 * share;
      item.isWinning = winning.has(node.id) && winning.size > 1;
      item.isChosen = chosen.has(node.id);
      item.isSelected = node.id === selected;
      const verdict = node.is_final ? verdicts?.get(node.id) : null;
      item.mark = verdict === true ? 'right' : verdict === false ? 'wrong' : '';
      const grows = node.status === 'growing' && item.depth > 0;
      if (grows) isGrowing = true;
      item.rank = (item.isSelected ? 4e4 : 0) + (item.isWinning ? 2e4 : 0) + (item.depth ? 0 : 1e4)
        + (grows ? 60 : 0) + 40 * (visits / mostVisits) + 20 * (item.score ?? 0) + (item.kids.length ? 5 : 10)
        - (ponder.treePaint.isHollow(node) ? 80 : 0) - item.depth;
    }
    return isGrowing;
  }

  /** The half width of an item in px, where neighbours are `gap` px apart. */
  function radius(item, gap, isDense) {
    if (item.isChip) return 2;
    if (item.depth === 0) return isDense ? 6 : 8.5;
    if (item.isWinning || item.isSelected) return isDense ? 4.5 : clamp(gap * 0.42, 5, 7.5);
    if (isDense) return clamp(gap * 0.34, 1.2, 2.6);
    const isSpare = item.node.status === 'pruned' && !item.kids.length;
    return isSpare ? clamp(gap * 0.26, 2.6, 5.5) : clamp(gap * 0.33, 3, 6.8);
  }

  ponder.treeDress = { dress, radius };
})();
