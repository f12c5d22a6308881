// What is written beside the nodes of the tree, and where there is room for it.
//
// Words first (what a node is called, how its score reads), then a greedy placement: the most important
// node chooses first among a few places around itself, and takes the one that covers the fewest edges.
// Knows pixels, not the canvas: how wide a text is, it is told.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const CELL = 4; // px; the placement sees the picture through squares of this side
  const TAKEN = 200; // a cell that belongs to a node or another label
  const EDGE_LIMIT = 7; // edge cells an ordinary label may cover
  const ALIEN = 1.5; // cost of a cell beside another node, where a label would be read as that node's
  const CHIPS_FEW = 5; // beyond this many chips, each says a number only
  const ASCENT = 9; // px above the baseline, at 11.5 px type
  const LINE = 13; // px from one line to the next

  const pretty = (text) => text.replaceAll(' * ', ' × ').replaceAll(' / ', ' ÷ ').replaceAll(' - ', ' − ');

  const shorten = (text, most) => {
    const letters = [...text];
    return letters.length <= most ? text : `${letters.slice(0, most - 1).join('').trimEnd()}…`;
  };

  /** The name of a node in one line: its answer once it has one, else its step, unshortened. */
  function caption(node) {
    const said = node.text.replace(/<\/?think>/g, ' ');
    if (node.kind === 'question') return said.trim().replace(/\s+/g, ' ');
    if (node.kind === 'execution') return node.scores?.check === 1 ? 'passes its check' : node.scores?.check === 0 ? 'fails its check' : 'cannot be checked';
    if (node.is_final && node.answer !== null && node.answer !== undefined && node.kind !== 'critique') return pretty(String(node.answer));
    const lines = said.split('\n').map((line) => line.trim()).filter(Boolean);
    if (!lines.length) return node.status === 'growing' ? '…' : '';
    const line = node.status === 'growing' ? lines[lines.length - 1] : lines[0];
    return line.replace(/\s*\(left:[^)]*\)?\s*$/, '') || line;
  }

  /** A program's lines as what they do to their list, and no more; any other text as it is. */
  function brief(text) {
    const lines = text.split('; ').map((line) => line.replace(/\s+#.*$/, ''));
    return lines.every((line) => /^(\w+) = (sorted\(\1\b|\1\[|\[.* in \1\b)/.test(line)) ? lines.map(terse).join('; ') : text;
  }

  // "xs = [x × 3 for x in xs]" is "x × 3", "xs = [x for x in xs if x > 5]" is "if x > 5", "xs = sorted(xs)" is "sorted(xs)".
  function terse(line) {
    const [, list, made] = line.match(/^(\w+) = (.*)$/);
    const [, item, rest] = made.match(new RegExp(`^\\[(.+) for \\w+ in ${list}\\b ?(.*)\\]$`)) || [null, made, ''];
    return pretty(rest || item);
  }

  /** The name of a node as it stands beside it. */
  const label = (node) => brief(caption(node));

  /** The score that colours a node, in [0, 1], and where it comes from; null where nothing scored it. */
  function scoreOf(node, scorer) {
    const own = scorer ? node.scores?.[scorer] : undefined;
    if (typeof own === 'number') return { value: own, by: scorer };
    if (typeof node.search?.value === 'number') return { value: node.search.value, by: 'mean value' };
    for (const [by, value] of Object.entries(node.scores || {})) if (typeof value === 'number') return { value, by };
    return null;
  }

  // Words into lines of at most `most` letters; what does not fit in `lines` lines ends in an ellipsis.
  function wrapped(text, most, lines) {
    const rows = [];
    let row = '';
    for (const word of text.split(' ')) {
      if (row && row.length + word.length + 1 > most) {
        rows.push(row);
        row = word;
      } else row = row ? `${row} ${word}` : word;
    }
    if (row) rows.push(row);
    if (rows.length > lines) rows.splice(lines - 1, rows.length, shorten(rows.slice(lines - 1).join(' '), most));
    return rows.map((line) => shorten(line, most));
  }

  /** A picture of what is taken: nodes and labels wholly, edges by weight. */
  class Ground {
    constructor(width, height) {
      this.columns = Math.ceil(width / CELL) + 1;
      this.lines = Math.ceil(height / CELL) + 1;
      this.width = width;
      this.height = height;
      this.cells = new Uint8Array(this.columns * this.lines);
      this.owners = new Uint16Array(this.columns * this.lines); // whose neighbourhood a cell is; 0 nobody's
    }

    // A label here would be read as belonging to `owner`.
    own(x, y, w, h, owner) {
      this.each(x, y, w, h, (at) => (this.owners[at] = owner));
    }

    each(x, y, w, h, action) {
      const right = Math.min(this.columns - 1, Math.floor((x + w) / CELL));
      const low = Math.min(this.lines - 1, Math.floor((y + h) / CELL));
      for (let line = Math.max(0, Math.floor(y / CELL)); line <= low; line++) {
        for (let column = Math.max(0, Math.floor(x / CELL)); column <= right; column++) action(line * this.columns + column);
      }
    }

    take(x, y, w, h) {
      this.each(x, y, w, h, (at) => (this.cells[at] = TAKEN));
    }

    dot(x, y, weight) {
      const column = Math.floor(x / CELL);
      const line = Math.floor(y / CELL);
      if (column < 0 || line < 0 || column >= this.columns || line >= this.lines) return;
      const at = line * this.columns + column;
      if (this.cells[at] < weight) this.cells[at] = weight;
    }

    // What a box there would cover: Infinity outside the picture or over something taken.
    cost(x, y, w, h, owner) {
      if (x < 2 || y < 2 || x + w > this.width - 2 || y + h > this.height - 2) return Infinity;
      let cost = 0;
      this.each(x, y, w, h, (at) => {
        if (this.cells[at] === TAKEN) cost = Infinity;
        else cost += this.cells[at] + (this.owners[at] && this.owners[at] !== owner ? ALIEN : 0);
      });
      return cost;
    }
  }

  // One line of writing: words in ink, then a number in a softer tone, starting at x with its baseline at y.
  const writing = (x, y, text, score, measure) => {
    const parts = text ? [{ text, x, y, isSoft: false, w: measure(text) }] : [];
    if (score) {
      const from = text ? x + parts[0].w + 8 : x;
      parts.push({ text: score, x: from, y, isSoft: true, w: measure(score) });
    }
    return parts;
  };
  const widthOf = (parts) => parts[parts.length - 1].x + parts[parts.length - 1].w - parts[0].x;

  // Places around a node at (0, 0), best first. Each is a list of lines, a line a list of parts.
  function places(item, text, score, measure) {
    const r = item.r;
    const right = r + (item.mark ? 20 : item.node.status === 'growing' ? 10 : 6);
    const list = [];
    const centred = (y, words, number) => {
      const parts = writing(0, y, words, number, measure);
      const shift = -widthOf(parts) / 2;
      return [parts.map((part) => ({ ...part, x: part.x + shift }))];
    };
    const leftOf = (y, words, number) => {
      const parts = writing(0, y, words, number, measure);
      const shift = r - widthOf(parts);
      return [parts.map((part) => ({ ...part, x: part.x + shift }))];
    };
    const above = -r - 7;
    const below = r + 6 + ASCENT;
    if (!item.kids.length) {
      list.push([writing(right, 4, text, score, measure)]);
      if (score) {
        list.push([writing(right, -2, text, '', measure), writing(right, 11, '', score, measure)]);
        list.push(centred(above, text, score), centred(below, text, score));
        list.push([writing(right, 4, text, '', measure)]);
      }
      list.push(centred(above, text, ''), centred(below, text, ''), leftOf(above, text, score), leftOf(below, text, score));
      return list;
    }
    if (score) {
      list.push([writing(r + 6, -9, text, '', measure), writing(r + 6, 17, '', score, measure)]);
      list.push(centred(above, text, score), centred(below, text, score), leftOf(above, text, score), leftOf(below, text, score));
      const wordsUp = centred(above, text, '');
      const numberDown = centred(below, '', score);
      list.push([...wordsUp, ...numberDown]);
    } else list.push([writing(r + 6, -9, text, '', measure)]);
    list.push(centred(above, text, ''), centred(below, text, ''), leftOf(above, text, ''), leftOf(below, text, ''));
    return list;
  }

  function rootPlaces(item, measure, isAlone, room) {
    const text = caption(item.node);
    const block = (rows, at) => rows.map((row, i) => writing(at(measure(row)), i * LINE, row, '', measure));
    const moved = (lines, dy) => lines.map((line) => line.map((part) => ({ ...part, y: part.y + dy, isSoft: !isAlone })));
    if (isAlone) {
      const rows = wrapped(text, Math.max(12, Math.min(44, Math.floor(room / 7))), 4);
      return [moved(block(rows, () => item.r + 12), 4 - ((rows.length - 1) * LINE) / 2)];
    }
    const list = [];
    for (const [most, lines] of [[14, 2], [12, 3]]) {
      const rows = wrapped(text, most, lines);
      const centre = block(rows, (width) => Math.max(-width / 2, 8 - item.px));
      list.push(moved(centre, item.r + 10 + ASCENT), moved(centre, -item.r - 9 - (rows.length - 1) * LINE));
      const widest = Math.max(...rows.map(measure));
      const right = block(rows, () => Math.max(item.r + 4 - widest, 8 - item.px));
      list.push(moved(right, item.r + 10 + ASCENT));
    }
    return list;
  }

  /**
   * Chooses labels for `items` (each with px, py, r, mark, kids, rank; the highest rank chooses first).
   * `isSure(item)` labels are written wherever they cover least. Returns [{item, key, parts, box}], offsets
   * from the node. `before` maps keys to earlier choices, which win a tie so that labels do not dance.
   */
  function place({ items, width, height, measure, curves, reserved, scorer, before, letters, isSure, isAlone }) {
    const ground = new Ground(width, height);
    for (const curve of curves) {
      const steps = Math.max(6, Math.ceil(curve.length / 5));
      for (let i = 1; i < steps; i++) {
        const [x, y] = curve.at(i / steps);
        ground.dot(x, y, curve.weight);
      }
    }
    const owners = new Map();
    for (const item of items) {
      if (item.isChip) continue;
      const { r } = item;
      owners.set(item, owners.size + 1);
      ground.take(item.px - r - 1, item.py - r - 1, 2 * r + 2, 2 * r + 2);
      ground.own(item.px - 12, item.py - r - 2, r + 40, 2 * r + 4, owners.size);
      if (item.mark) ground.take(item.px + r + 5, item.py - 5, 8, 10);
    }
    for (const box of reserved) ground.take(box.x, box.y, box.w, box.h);

    const labels = [];
    const chips = items.filter((item) => item.isChip).length;
    for (const item of [...items].sort((a, b) => b.rank - a.rank)) {
      const isRoot = item.depth === 0;
      let options;
      if (item.isChip) options = chipPlaces(item, chips > CHIPS_FEW && !item.isOpen, measure);
      else if (isRoot) options = rootPlaces(item, measure, isAlone, width - item.px - 40);
      else {
        const full = label(item.node);
        if (!full) continue;
        const found = scoreOf(item.node, scorer);
        const score = found ? found.value.toFixed(2) : '';
        options = places(item, shorten(full, letters), score, measure);
        if (full.length > 12) options.push(...places(item, shorten(full, 11), score, measure));
      }
      const isAsked = item.isChip || isSure(item);
      let best = null;
      options.forEach((lines, choice) => {
        let cost = choice * 0.9 - (before.get(item.key) === choice ? 2.5 : 0);
        let covered = 0;
        let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
        for (const parts of lines) {
          const x = parts[0].x;
          const y = parts[0].y - ASCENT;
          const w = widthOf(parts);
          covered += ground.cost(item.px + x - 1, item.py + y, w + 2, LINE - 2, owners.get(item) || 0);
          x0 = Math.min(x0, x); y0 = Math.min(y0, y); x1 = Math.max(x1, x + w); y1 = Math.max(y1, y + LINE);
        }
        cost += covered;
        if (covered === Infinity || (!isAsked && covered > EDGE_LIMIT)) return;
        if (!best || cost < best.cost) best = { cost, choice, lines, box: { x: x0, y: y0, w: x1 - x0, h: y1 - y0 } };
      });
      if (!best) continue;
      for (const parts of best.lines) {
        ground.take(item.px + parts[0].x - 3, item.py + parts[0].y - ASCENT - 1, widthOf(parts) + 6, LINE + 1);
      }
      labels.push({ item, key: item.key, choice: best.choice, parts: best.lines.flat(), box: best.box });
    }
    return labels;
  }

  function chipPlaces(item, isOneOfMany, measure) {
    const short = item.isOpen ? '◂' : `+${item.count}`;
    const long = item.isOpen ? `fold ${item.count} ◂` : `${short} pruned ▸`;
    const words = isOneOfMany ? [short] : [long, short];
    return words.map((text) => [[{ text, x: 5, y: 4, isSoft: true, w: measure(text) }]]);
  }

  ponder.treeLabels = { brief, caption, label, scoreOf, shorten, pretty, place };
})();
