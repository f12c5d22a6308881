// What a pointer on the picture means: the node under it, or else the label.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const EXACT = 2; // px from a dot that leave no doubt
  const CHIP_PAD = 6; // px around a chip's few letters
  const PAD = 1;

  function isIn({ item, box }, { x, y }) {
    const pad = item.isChip ? CHIP_PAD : PAD;
    const [left, top] = [item.px + box.x - pad, item.py + box.y - pad];
    return x > left && x < left + box.w + 2 * pad && y > top && y < top + box.h + 2 * pad;
  }

  /** The item meant by the point, in px of the stage, null for none; `reach` is how far from a dot still counts. */
  function itemAt(point, items, labels, reach) {
    let best = null;
    let nearest = Infinity;
    for (const item of items) {
      if (item.isChip || !item.isSeen) continue;
      const distance = Math.hypot(item.px - point.x, item.py - point.y) - item.r;
      if (distance < reach && distance < nearest) [best, nearest] = [item, distance];
    }
    if (best && nearest <= EXACT) return best;
    const label = labels.find((one) => isIn(one, point));
    return label ? label.item : best;
  }

  ponder.treePointing = { itemAt };
})();
