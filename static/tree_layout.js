// Which nodes of a run are shown, and where each stands: rows and columns, not pixels.
//
// Folds pruned nodes into "+N pruned" chips and lays the rest out as a tidy tree (d3.tree, Reingold and
// Tilford). Knows nothing of the canvas, of labels or of zooming; it touches no document.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const ROWS_WANTED = 24; // beyond this many rows, pruned siblings make way first
  const MANY = 300; // beyond this many nodes, no pruned node is shown unless asked for
  const SEEN_WHEN_FEW = 3; // pruned siblings shown in a small tree before the rest fold

  const CHIP_OUT = 0.36; // columns between a node and the chip of what it folds

  // The height of an item in rows: a pruned leaf carries no label, a chip carries a short one.
  const heightOf = (item) => {
    if (item.isChip) return 0.7;
    return item.node.status === 'pruned' && !item.isKept && !item.kids.length ? 0.62 : 1;
  };

  /** Ids on the path from the root to `id`, as a Set; empty where there is no such node. */
  function pathTo(nodes, id) {
    const path = new Set();
    let node = id === null || id === undefined ? null : nodes[id];
    while (node && !path.has(node.id)) {
      path.add(node.id);
      node = node.parent === null || node.parent === undefined ? null : nodes[node.parent];
    }
    return path;
  }

  // Children by id, and the number of nodes in each subtree. A parent is always older than its children.
  function families(nodes) {
    const kids = nodes.map(() => []);
    const sizes = new Array(nodes.length).fill(1);
    for (const node of nodes) if (node.parent !== null && node.parent !== undefined) kids[node.parent].push(node);
    for (let i = nodes.length - 1; i > 0; i--) sizes[nodes[i].parent] += sizes[i];
    return { kids, sizes };
  }

  /**
   * The items to draw, parents before children. `kept` ids are always shown; `opened` are the ids whose
   * pruned children a person asked to see; `seen` is how many pruned siblings show before they fold.
   */
  function visible(nodes, family, kept, opened, seen) {
    const make = (key, node, parent, extra) => {
      const depth = parent ? parent.depth + 1 : 0;
      const column = extra.isChip ? depth - 1 + CHIP_OUT : depth;
      const item = { key, id: node.id, node, parent, depth, column, kids: [], ...extra };
      if (parent) parent.kids.push(item);
      return item;
    };
    const items = [make(0, nodes[0], null, { isChip: false, isKept: true })];
    for (let at = 0; at < items.length; at++) {
      const item = items[at];
      if (item.isChip) continue;
      const isDropped = item.node.status === 'pruned';
      const isOpen = opened.has(item.id);
      const folding = [];
      for (const child of family.kids[item.id]) {
        const isKept = kept.has(child.id);
        if (!isKept && (isDropped || child.status === 'pruned')) folding.push(child);
      }
      // One pruned leaf takes no more room than a chip would; below a pruned node everything folds.
      const spare = isOpen ? folding.length : isDropped ? 0 : seen;
      const isAlone = folding.length === 1 && family.sizes[folding[0].id] === 1 && nodes.length <= MANY && !isDropped;
      const shownCount = isAlone || folding.length <= spare ? folding.length : Math.max(0, spare - 1);
      const hidden = new Set(folding.slice(shownCount));
      for (const child of family.kids[item.id]) {
        if (!hidden.has(child)) items.push(make(child.id, child, item, { isChip: false, isKept: kept.has(child.id) }));
      }
      let count = 0;
      for (const child of hidden) count += family.sizes[child.id];
      const isFoldable = isOpen && !isAlone && folding.length > 0;
      if (count || isFoldable) {
        for (const child of isFoldable ? folding : []) count += family.sizes[child.id];
        items.push(make(`+${item.id}`, item.node, item, { isChip: true, isKept: false, isOpen: isFoldable, count }));
      }
    }
    return items;
  }

  const rowsNeeded = (items) => {
    let rows = 0;
    for (const item of items) if (!item.kids.length) rows += heightOf(item);
    return rows;
  };

  // What decides the shape: two lists of items with the same signature have the same layout.
  function signatureOf(items) {
    let hash = 17;
    for (const item of items) {
      const mark = (item.isChip ? 7 + item.count * 8 + (item.isOpen ? 4 : 0) : item.id * 8) + (heightOf(item) < 1 ? 1 : 0);
      hash = (Math.imul(hash, 31) + mark + Math.imul(item.parent ? item.parent.id + 1 : 0, 131071)) | 0;
    }
    return `${items.length}:${hash}`;
  }

  /**
   * Lays out `nodes` (as RunLog gives them: index is id). Returns {items, byKey, rows, columns, signature};
   * each item has `row` >= 0 and `column`. `before`, an earlier layout of the same shape, is renewed in place.
   */
  function layOut(nodes, { kept = new Set(), opened = new Set(), before = null } = {}) {
    if (!nodes.length) return { items: [], byKey: new Map(), rows: 0, columns: 0, signature: '' };
    const family = families(nodes);
    const isLarge = nodes.length > MANY;
    let items;
    for (const seen of isLarge ? [0] : [SEEN_WHEN_FEW, 2, 0]) {
      items = visible(nodes, family, kept, opened, seen);
      if (isLarge || rowsNeeded(items) <= ROWS_WANTED) break;
    }
    const signature = signatureOf(items);
    if (before && before.signature === signature) {
      items.forEach((item, i) => {
        before.items[i].node = item.node;
        before.items[i].isKept = item.isKept;
      });
      return before;
    }
    const isTight = items.length > MANY;
    const top = d3.hierarchy(items[0], (item) => item.kids);
    const apart = (a, b) => (heightOf(a.data) + heightOf(b.data)) / 2 + (a.parent === b.parent || isTight ? 0 : 0.3);
    d3.tree().nodeSize([1, 1]).separation(apart)(top);
    let low = Infinity;
    let high = -Infinity;
    let columns = 0;
    top.each((place) => {
      low = Math.min(low, place.x);
      high = Math.max(high, place.x);
      columns = Math.max(columns, place.depth);
    });
    top.each((place) => {
      place.data.row = place.x - low;
    });
    return { items, byKey: new Map(items.map((item) => [item.key, item])), rows: high - low, columns, signature };
  }

  ponder.treeLayout = { layOut, pathTo, MANY };
})();
