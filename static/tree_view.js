// The tree of a run as a person sees and handles it: grows, zooms, pans, selects.
//
//   const view = new ponder.TreeView(canvas, {onSelect, list, reduceMotion});
//   view.update(nodes, {scorer, answerNode, verdicts});   // as often as you like
//   view.select(id | null); view.fit(); view.setTheme(); view.destroy();
//
// The canvas fills its parent, which belongs to the view: it gets the buttons, the tooltip and, where no
// `list` is given, the role="tree" list that has the keyboard's focus. Where things stand is
// tree_layout.js, what is written tree_labels.js, how it looks tree_paint.js. Nodes are RunLog's.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const TWEEN_MS = 160;
  const TWEEN_MOST = 800; // items; above, the picture jumps
  const LAYOUT_EVERY_MS = 100;
  const LIST_EVERY_MS = 500;
  const PULSE_EVERY_MS = 40;
  const DENSE = 300; // items in the picture; above, dots without labels
  const ROW_MOST = 46; // px between rows when there is room
  const COLUMN_MOST = 215; // px between columns when there is room
  const ROW_READABLE = 26; // px between rows at which zooming in may end
  const POINT = matchMedia('(pointer: coarse)');
  const CALM = matchMedia('(prefers-reduced-motion: reduce)');
  const DARK = matchMedia('(prefers-color-scheme: dark)');

  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    element.className = className;
    if (text) element.textContent = text;
    return element;
  };

  class TreeView {
    constructor(canvas, { onSelect = () => {}, list = null, reduceMotion = null } = {}) {
      this.canvas = canvas;
      this.context = canvas.getContext('2d');
      this.stage = canvas.parentElement;
      this.onSelect = onSelect;
      this.reduceMotion = reduceMotion;
      this.nodes = [];
      this.options = { scorer: null, answerNode: null, verdicts: null };
      this.selected = null;
      this.cursor = null; // key of the item the keyboard is on
      this.hovered = null;
      this.opened = new Set(); // ids whose pruned children a person asked to see
      this.layout = ponder.treeLayout.layOut([]);
      this.places = { sx: 1, sy: 1, tx: 0, ty: 0 }; // px = tx + depth * sx, py = ty + row * sy
      this.goal = this.places;
      this.base = this.places; // the picture at scale 1 of the gestures
      this.isAuto = true; // fit after every change, until a person zooms or drags
      this.tween = null;
      this.labels = [];
      this.choices = new Map();
      this.widths = new Map();
      this.isFresh = false; // labels still belong to what is drawn
      this.frame = 0;
      this.laidOutAt = -Infinity;
      this.furnish(list);
      this.setTheme();
      this.measureStage();
      this.listen();
    }

    get isStill() {
      const asked = typeof this.reduceMotion === 'function' ? this.reduceMotion() : this.reduceMotion;
      return asked ?? CALM.matches;
    }

    /** Shows these nodes. `verdicts` maps the ids of finished nodes to true, false or null (not known). */
    update(nodes, options = {}) {
      if (nodes.length < this.nodes.length && nodes.length <= 1) this.startAfresh();
      this.nodes = nodes;
      this.options = { ...this.options, ...options };
      this.askLayout();
    }

    /** Rings a node, or none. Shows it where it was folded away. Does not call onSelect. */
    select(id) {
      const node = id === null || id === undefined ? null : id;
      if (node === this.selected) return;
      this.selected = node;
      if (node !== null) this.cursor = node;
      this.layOutNow();
    }

    /** Shows the whole tree again, and follows its growth. */
    fit() {
      this.isAuto = true;
      this.goTo(this.fitted());
      this.settleZoom();
    }

    /** Reads the page's colours anew. */
    setTheme() {
      this.theme = ponder.treePaint.readTheme(this.stage);
      this.widths.clear();
      this.isFresh = false;
      this.askFrame();
    }

    destroy() {
      cancelAnimationFrame(this.frame);
      for (const timer of [this.layoutTimer, this.listTimer, this.pulseTimer]) clearTimeout(timer);
      this.leave.abort();
      this.resizing.disconnect();
      this.themes.disconnect();
      d3.select(this.canvas).on('.zoom', null);
      this.list.destroy();
      this.buttons.remove();
      this.tip.remove();
      if (this.ownList) this.ownList.remove();
    }

    // ---- what stands around the canvas

    furnish(list) {
      this.stage.classList.add('tv-stage');
      this.canvas.classList.add('tv-canvas');
      this.canvas.setAttribute('aria-hidden', 'true');
      this.ownList = list ? null : make('ul', '');
      if (this.ownList) this.stage.append(this.ownList);
      this.list = new ponder.TreeList(list || this.ownList, (key) => this.activate(this.itemOf(key)));
      this.tip = make('div', 'tv-tip');
      this.tip.hidden = true;
      this.tip.setAttribute('aria-hidden', 'true'); // the list says the same
      this.buttons = make('div', 'tv-buttons');
      this.buttons.setAttribute('role', 'group');
      this.buttons.setAttribute('aria-label', 'Zoom');
      const button = (text, name, action) => {
        const element = make('button', 'tv-button', text);
        element.type = 'button';
        element.title = name;
        element.setAttribute('aria-label', name);
        element.addEventListener('click', action);
        this.buttons.append(element);
      };
      button('−', 'Zoom out', () => this.zoomBy(1 / 1.5));
      button('+', 'Zoom in', () => this.zoomBy(1.5));
      button('Fit', 'Fit the whole tree', () => this.fit());
      this.stage.append(this.tip, this.buttons);
    }

    listen() {
      this.leave = new AbortController();
      const { signal } = this.leave;
      const on = (target, name, action, more = {}) => target.addEventListener(name, action, { signal, ...more });
      this.zoom = d3.zoom()
        .clickDistance(5)
        .filter((event) => this.isGesture(event))
        .on('zoom', (event) => event.sourceEvent && this.follow(event.transform));
      d3.select(this.canvas).call(this.zoom).on('dblclick.zoom', null);
      this.last = d3.zoomIdentity;
      on(this.canvas, 'dblclick', () => this.fit());
      on(this.canvas, 'click', (event) => {
        this.focusList();
        const item = this.itemAt(event);
        if (item) this.activate(item);
      });
      on(this.canvas, 'pointermove', (event) => event.pointerType !== 'touch' && this.hover(event.buttons ? null : event));
      on(this.canvas, 'pointerleave', () => this.hover(null));
      on(this.stage, 'keydown', (event) => this.onKey(event));
      on(DARK, 'change', () => this.setTheme());
      on(CALM, 'change', () => this.askFrame());
      this.resizing = new ResizeObserver(() => {
        if (!this.measureStage()) return;
        this.isFresh = false;
        if (this.isAuto) {
          this.goTo(this.fitted(), false);
          this.settleZoom();
        } else this.boundZoom();
        this.drawNow();
      });
      this.resizing.observe(this.stage);
      this.themes = new MutationObserver(() => this.setTheme());
      const watched = { attributes: true, attributeFilter: ['class', 'data-theme', 'style'] };
      for (const element of [document.documentElement, document.body]) this.themes.observe(element, watched);
    }

    // A finger on a fitted tree scrolls the page; two fingers, or a zoomed tree, are ours.
    isGesture(event) {
      if (event.type === 'wheel') return true;
      if (event.button) return false;
      if (event.type === 'touchstart') return !this.isAuto || event.touches.length > 1;
      return !event.ctrlKey;
    }

    focusList() {
      this.list.element.focus({ preventScroll: true });
    }

    measureStage() {
      const width = this.stage.clientWidth;
      const height = this.stage.clientHeight;
      const ratio = window.devicePixelRatio || 1;
      if (width === this.width && height === this.height && ratio === this.ratio) return false;
      Object.assign(this, { width, height, ratio });
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      return true;
    }

    startAfresh() {
      this.opened.clear();
      this.choices.clear();
      this.isAuto = true;
      this.settleZoom();
      if (this.selected === null) this.cursor = null;
    }

    // ---- layout

    askLayout() {
      const wait = this.laidOutAt + LAYOUT_EVERY_MS - performance.now();
      if (wait <= 0) this.layOutNow();
      else if (!this.layoutTimer) this.layoutTimer = setTimeout(() => this.layOutNow(), wait);
    }

    layOutNow() {
      clearTimeout(this.layoutTimer);
      this.layoutTimer = 0;
      this.laidOutAt = performance.now();
      const { layOut, pathTo } = ponder.treeLayout;
      const chosen = pathTo(this.nodes, this.selected);
      const winning = pathTo(this.nodes, this.options.answerNode);
      for (const node of this.nodes) if (node.status === 'selected') winning.add(node.id);
      const before = this.layout;
      const kept = new Set([...chosen, ...winning]);
      this.layout = layOut(this.nodes, { kept, opened: this.opened, before });
      this.dress(winning, chosen);
      if (this.layout !== before) this.place(before);
      this.isFresh = false;
      this.askFrame();
      if (!this.listTimer) this.listTimer = setTimeout(() => this.showList(), LIST_EVERY_MS);
    }

    // What each item is for the eye: its score, its weight, whether it is on a path that matters.
    dress(winning, chosen) {
      const { scorer, verdicts } = this.options;
      let mostVisits = 1;
      for (const { node, parent } of this.layout.items) if (parent) mostVisits = Math.max(mostVisits, node.search?.visits || 0);
      this.isGrowing = false;
      for (const item of this.layout.items) {
        if (item.isChip) {
          item.rank = 5000;
          item.score = null;
          continue;
        }
        const { node } = item;
        const visits = node.search?.visits || 0;
        item.score = item.depth ? (ponder.treeLabels.scoreOf(node, scorer)?.value ?? null) : null;
        item.weight = 1 + 2.4 * (mostVisits > 1 && visits ? Math.sqrt(visits / mostVisits) : (item.score ?? 0.2));
        if (mostVisits > 1 && !visits) item.weight = 1;
        item.isWinning = winning.has(node.id) && winning.size > 1;
        item.isChosen = chosen.has(node.id);
        item.isSelected = node.id === this.selected;
        const verdict = node.is_final ? verdicts?.get(node.id) : null;
        item.mark = verdict === true ? 'right' : verdict === false ? 'wrong' : '';
        const isDropped = ponder.treePaint.isHollow(node);
        item.rank = (item.isSelected ? 4e4 : 0) + (item.isWinning ? 2e4 : 0) + (item.depth ? 0 : 1e4)
          + (node.status === 'growing' ? 60 : 0) + 40 * (visits / mostVisits) + 20 * (item.score ?? 0)
          + (item.kids.length ? 5 : 10) - (isDropped ? 80 : 0) - item.depth;
        if (node.status === 'growing') this.isGrowing = true;
      }
    }

    // New places. What was there moves from where it is; what is new comes out of its parent.
    place(before) {
      for (const item of this.layout.items) {
        const old = before.byKey.get(item.key);
        item.x = old ? old.x : item.parent ? item.parent.x : item.depth;
        item.y = old ? old.y : item.parent ? item.parent.y : item.row;
      }
      const goal = this.isAuto || !before.items.length ? this.fitted() : this.goal;
      this.goTo(goal, before.items.length > 0);
      if (this.isAuto) this.settleZoom();
      else this.boundZoom();
    }

    // Moves items to their rows and the picture to `goal`, in a short tween where that is smooth.
    goTo(goal, isSmooth = true) {
      this.goal = goal;
      this.isFresh = false;
      const { items } = this.layout;
      if (!isSmooth || this.isStill || items.length > TWEEN_MOST) {
        this.tween = null;
        this.places = goal;
        for (const item of items) [item.x, item.y] = [item.depth, item.row];
      } else {
        for (const item of items) [item.fromX, item.fromY] = [item.x, item.y];
        this.tween = { from: this.places, start: performance.now() };
      }
      this.askFrame();
    }

    advance(now) {
      if (!this.tween) return;
      const share = clamp((now - this.tween.start) / TWEEN_MS, 0, 1);
      const eased = 1 - (1 - share) ** 3;
      const between = (a, b) => a + (b - a) * eased;
      for (const item of this.layout.items) {
        item.x = between(item.fromX, item.depth);
        item.y = between(item.fromY, item.row);
      }
      const { from } = this.tween;
      const places = {};
      for (const name of ['sx', 'sy', 'tx', 'ty']) places[name] = between(from[name], this.goal[name]);
      this.places = places;
      if (share === 1) {
        this.places = this.goal;
        this.tween = null;
      }
    }

    // The whole tree in the picture, with room for the labels of its leaves.
    fitted() {
      const { items, rows, columns } = this.layout;
      const isNarrow = this.width < 520;
      const left = columns ? (isNarrow ? 40 : 64) : isNarrow ? 24 : Math.max(40, this.width * 0.08);
      const [top, bottom] = [28, this.buttonRoom() + 8];
      const high = Math.max(40, this.height - top - bottom);
      const sy = clamp(high / Math.max(rows, 1e-6), 0, ROW_MOST);
      const whole = Math.max(60, this.width - left - 24);
      let sx = Math.min(COLUMN_MOST, whole / Math.max(1, columns));
      let widest = 24;
      for (const item of items) {
        if (item.kids.length || !item.depth || (sy < 15 && !item.isWinning) || items.length > DENSE) continue;
        const room = this.roomFor(item);
        sx = Math.min(sx, Math.max((this.width - left - room) / item.depth, (0.72 * whole) / columns));
        if (item.depth === columns) widest = Math.max(widest, room);
      }
      const spare = Math.max(0, this.width - left - sx * columns - widest);
      return { sx, sy, tx: left + Math.min(spare / 2, columns ? 90 : 0), ty: top + (high - sy * rows) / 2 };
    }

    roomFor(item) {
      if (item.isChip) return 84;
      const text = ponder.treeLabels.shorten(ponder.treeLabels.caption(item.node), this.letters());
      return this.measure(text) + (item.score === null ? 0 : 38) + (item.mark ? 13 : 0) + 26;
    }

    letters() {
      return this.width < 520 ? 16 : 26;
    }

    buttonRoom() {
      return POINT.matches ? 50 : 40;
    }

    measure(text) {
      let width = this.widths.get(text);
      if (width === undefined) {
        if (this.widths.size > 4000) this.widths.clear();
        this.context.font = this.theme.font;
        width = this.context.measureText(text).width;
        this.widths.set(text, width);
      }
      return width;
    }

    // ---- zooming: rows and columns stretch at their own pace, type and dots keep their size

    // How much columns stretch when rows stretch k-fold: they end readable together.
    get pace() {
      const rowsToGo = Math.log(Math.max(1.5, (ROW_READABLE * 2) / Math.max(1e-6, this.base.sy)));
      const columnsToGo = Math.log(Math.max(1.5, (COLUMN_MOST * 1.6) / this.base.sx));
      return clamp(columnsToGo / rowsToGo, 0.15, 1);
    }

    // Forgets the gestures so far: the picture as it is aimed at is scale 1 from here on.
    settleZoom() {
      this.base = this.goal;
      this.last = d3.zoomIdentity;
      this.canvas.__zoom = d3.zoomIdentity;
      this.boundZoom();
      this.canvas.classList.toggle('tv-free', !this.isAuto);
    }

    boundZoom() {
      const fitted = this.fitted();
      const least = Math.min(1, fitted.sy / this.base.sy, fitted.sx / this.base.sx);
      const most = Math.max(2.5, (ROW_READABLE * 2) / Math.max(1e-6, this.base.sy));
      this.zoom?.scaleExtent([least, most]);
    }

    // A gesture's step from the last transform to this one: a pan, or a stretch about its fixed point.
    follow(now) {
      const { last } = this;
      if (this.isAuto) {
        this.finishTween();
        this.isAuto = false;
        this.base = this.goal;
        this.canvas.classList.add('tv-free');
      }
      const ratio = now.k / last.k;
      const { sx, sy, tx, ty } = this.goal;
      if (Math.abs(ratio - 1) < 1e-9) this.goal = { sx, sy, tx: tx + now.x - last.x, ty: ty + now.y - last.y };
      else {
        const x = (now.x - ratio * last.x) / (1 - ratio);
        const y = (now.y - ratio * last.y) / (1 - ratio);
        const slow = ratio ** this.pace;
        this.goal = { sx: sx * slow, sy: sy * ratio, tx: x - (x - tx) * slow, ty: y - (y - ty) * ratio };
      }
      this.last = now;
      this.hold();
      this.places = this.goal;
      this.hover(null);
      this.isFresh = false;
      this.askFrame();
    }

    // Part of the tree stays in the picture however far it is dragged.
    hold() {
      const { sx, sy, tx, ty } = this.goal;
      const { rows, columns } = this.layout;
      this.goal = {
        sx, sy,
        tx: clamp(tx, 60 - sx * columns, this.width - 60),
        ty: clamp(ty, 40 - sy * rows, this.height - 40),
      };
    }

    finishTween() {
      if (!this.tween) return;
      this.tween.start = -Infinity;
      this.advance(performance.now());
    }

    zoomBy(factor) {
      const current = this.canvas.__zoom;
      const [least, most] = this.zoom.scaleExtent();
      const k = clamp(current.k * factor, least, most);
      const at = this.itemOf(this.selected);
      const isIn = at && at.isSeen;
      const [x, y] = isIn ? [at.px, at.py] : [this.width / 2, this.height / 2];
      const ratio = k / current.k;
      if (Math.abs(ratio - 1) < 1e-6) return;
      const next = d3.zoomIdentity.translate(x - (x - current.x) * ratio, y - (y - current.y) * ratio).scale(k);
      this.canvas.__zoom = next;
      const from = this.places;
      this.follow(next);
      this.places = from;
      this.goTo(this.goal);
    }

    // Brings an item that the keyboard reached into the picture.
    reveal(item) {
      const { sx, sy, tx, ty } = this.goal;
      const x = tx + item.depth * sx;
      const y = ty + item.row * sy;
      const dx = clamp(x, 40, this.width - 60) - x;
      const dy = clamp(y, 30, this.height - 50) - y;
      if (!dx && !dy) return;
      this.goTo({ sx, sy, tx: tx + dx, ty: ty + dy });
    }

    // ---- drawing

    askFrame() {
      if (!this.frame) this.frame = requestAnimationFrame((now) => this.drawAt(now));
    }

    drawNow() {
      cancelAnimationFrame(this.frame);
      this.drawAt(performance.now());
    }

    drawAt(now) {
      this.frame = 0;
      if (!this.width || !this.height) return;
      if (window.devicePixelRatio !== this.ratio) this.measureStage();
      const isMoving = Boolean(this.tween);
      if (!this.isFresh) this.label();
      this.advance(now);
      const { sx, sy, tx, ty } = this.places;
      for (const item of this.layout.items) {
        item.px = tx + item.x * sx;
        item.py = ty + item.y * sy;
        item.isSeen = item.px > -30 && item.px < this.width + 30 && item.py > -20 && item.py < this.height + 20;
        item.isHovered = item.key === this.hovered;
        item.isCursor = item.key === this.cursor;
        const { parent } = item;
        item.isEdgeSeen = parent && item.px > 0 && parent.px < this.width
          && Math.max(item.py, parent.py) > 0 && Math.min(item.py, parent.py) < this.height;
      }
      ponder.treePaint.paint(this.context, {
        items: this.layout.items, labels: this.labels, theme: this.theme, width: this.width, height: this.height,
        ratio: this.ratio, now, isDense: this.isDense, isStill: this.isStill,
      });
      if (isMoving) this.askFrame();
      else if (this.isGrowing && !this.isStill && !this.isDense && !this.pulseTimer) {
        this.pulseTimer = setTimeout(() => {
          this.pulseTimer = 0;
          this.askFrame();
        }, PULSE_EVERY_MS);
      }
    }

    // Sizes and labels for where everything is going, so that labels travel with their nodes.
    label() {
      this.isFresh = true;
      const { sx, sy, tx, ty } = this.goal;
      const seen = [];
      for (const item of this.layout.items) {
        item.px = tx + item.depth * sx;
        item.py = ty + item.row * sy;
        if (item.px > -20 && item.px < this.width + 20 && item.py > -20 && item.py < this.height + 20) seen.push(item);
      }
      this.isDense = seen.length > DENSE;
      for (const item of this.layout.items) item.r = this.radius(item, sy);
      const isTold = (item) => item.isWinning || item.isSelected || item.depth === 0;
      const items = this.isDense ? seen.filter((item) => isTold(item) || (item.isChip && sy > 9)) : seen;
      const curves = [];
      for (const item of this.isDense ? items : this.layout.items) {
        if (item.parent) curves.push(ponder.treePaint.curveOf(item.parent, item, item.isWinning ? 2 : item.isChip ? 0.5 : 1));
      }
      const room = this.buttonRoom();
      this.labels = ponder.treeLabels.place({
        items, curves, width: this.width, height: this.height, measure: (text) => this.measure(text),
        reserved: [{ x: this.width - 124, y: this.height - room, w: 124, h: room }],
        scorer: this.options.scorer, before: this.choices, letters: this.letters(), isSure: isTold,
        isAlone: this.layout.items.length === 1,
      });
      this.choices = new Map(this.labels.map((label) => [label.key, label.choice]));
    }

    radius(item, sy) {
      if (item.isChip) return 2;
      if (item.depth === 0) return this.isDense ? 6 : 8.5;
      const least = this.isDense ? clamp(sy * 0.34, 1.2, 2.6) : 3;
      if (item.isWinning || item.isSelected) return this.isDense ? 4.5 : clamp(sy * 0.42, 5, 7.5);
      if (this.isDense) return least;
      return item.node.status === 'pruned' && !item.kids.length ? clamp(sy * 0.26, 2.6, 5.5) : clamp(sy * 0.33, least, 6.8);
    }

    // ---- pointing

    itemOf(key) {
      if (key === null || key === undefined) return null;
      return this.layout.byKey.get(key) ?? this.layout.byKey.get(Number(key)) ?? null;
    }

    itemAt(event) {
      const box = this.canvas.getBoundingClientRect();
      const x = event.clientX - box.left;
      const y = event.clientY - box.top;
      const reach = event.pointerType === 'touch' || POINT.matches ? 22 : 11;
      let best = null;
      let nearest = Infinity;
      for (const item of this.layout.items) {
        if (item.isChip || !item.isSeen) continue;
        const distance = Math.hypot(item.px - x, item.py - y) - item.r;
        if (distance < reach && distance < nearest) [best, nearest] = [item, distance];
      }
      if (best && nearest <= 2) return best;
      for (const { item, box: area } of this.labels) {
        const pad = item.isChip ? 6 : 1;
        const isIn = x > item.px + area.x - pad && x < item.px + area.x + area.w + pad
          && y > item.py + area.y - pad && y < item.py + area.y + area.h + pad;
        if (isIn) return item;
      }
      return best;
    }

    hover(event) {
      const item = event ? this.itemAt(event) : null;
      const key = item ? item.key : null;
      if (item && !item.isChip) this.showTip(item);
      else this.tip.hidden = true;
      if (key === this.hovered) return;
      this.hovered = key;
      this.canvas.classList.toggle('tv-over', Boolean(item));
      this.askFrame();
    }

    showTip(item) {
      const { node } = item;
      const { scoreOf, shorten, caption } = ponder.treeLabels;
      const said = node.text.replace(/<\/?think>/g, ' ').trim();
      const score = item.depth ? scoreOf(node, this.options.scorer) : null;
      const facts = [];
      if (score) facts.push(`${score.by.replaceAll('_', ' ')} ${score.value.toFixed(2)}`);
      if (node.search?.visits) facts.push(`${node.search.visits} visit${node.search.visits === 1 ? '' : 's'}`);
      if (node.tokens) facts.push(`${node.tokens} tokens`);
      const state = ponder.treeList.STATES[node.status] || node.status;
      const verdict = item.mark ? `, ${item.mark}` : '';
      const lines = [make('div', 'tv-tip-text', shorten(said || caption(node) || node.kind, 260))];
      if (facts.length) lines.push(make('div', 'tv-tip-facts', facts.join(' · ')));
      if (item.depth) lines.push(make('div', 'tv-tip-state', `${state}${verdict}${node.reason ? `: ${shorten(node.reason, 120)}` : ''}`));
      this.tip.replaceChildren(...lines);
      this.tip.hidden = false;
      const { offsetWidth: w, offsetHeight: h } = this.tip;
      const isLow = item.py + 18 + h > this.height;
      this.tip.style.left = `${clamp(item.px - 24, 8, Math.max(8, this.width - w - 8))}px`;
      this.tip.style.top = `${isLow ? Math.max(4, item.py - h - 16) : item.py + 16}px`;
    }

    activate(item) {
      if (!item) return;
      this.cursor = item.key;
      if (item.isChip) {
        this.openOrFold(item);
        return;
      }
      this.choose(item.id);
    }

    choose(id) {
      this.select(id);
      this.showList();
      this.onSelect(id);
    }

    openOrFold(chip) {
      if (chip.isOpen) this.opened.delete(chip.id);
      else this.opened.add(chip.id);
      this.tip.hidden = true;
      this.layOutNow();
      if (!this.itemOf(this.cursor)) this.cursor = chip.id;
      this.showList();
    }

    // ---- keys

    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const isOnButton = event.target.closest('button');
      const zooms = { '+': () => this.zoomBy(1.4), '=': () => this.zoomBy(1.4), '-': () => this.zoomBy(1 / 1.4), f: () => this.fit() };
      const moves = {
        ArrowLeft: (item) => item.parent,
        ArrowRight: (item) => item.kids.find((kid) => kid.isWinning) || item.kids[Math.floor((item.kids.length - 1) / 2)],
        ArrowUp: (item) => this.beside(item, -1),
        ArrowDown: (item) => this.beside(item, 1),
        Home: () => this.layout.items[0],
      };
      const current = this.itemOf(this.cursor) || this.itemOf(this.selected);
      if (zooms[event.key]) zooms[event.key]();
      else if (isOnButton) return;
      else if (moves[event.key]) {
        const next = current ? moves[event.key](current) : this.layout.items[0];
        if (next) this.moveTo(next);
      } else if (event.key === 'Enter' || event.key === ' ') this.activate(current);
      else if (event.key === 'Escape') {
        this.cursor = null;
        this.tip.hidden = true;
        this.choose(null);
      } else return;
      event.preventDefault();
    }

    // The next item up or down: a sibling, else the nearest in the same column.
    beside(item, step) {
      let best = null;
      for (const other of this.layout.items) {
        const away = (other.row - item.row) * step;
        if (other.depth !== item.depth || away <= 0) continue;
        if (!best || away < (best.row - item.row) * step) best = other;
      }
      return best;
    }

    moveTo(item) {
      this.cursor = item.key;
      if (item.isChip) this.showList();
      else this.choose(item.id);
      const now = this.itemOf(item.key);
      if (now) this.reveal(now);
      this.askFrame();
    }

    showList() {
      clearTimeout(this.listTimer);
      this.listTimer = 0;
      this.list.show({
        items: this.layout.items, cursor: this.itemOf(this.cursor), scorer: this.options.scorer, verdicts: this.options.verdicts,
      });
    }
  }

  ponder.TreeView = TreeView;
})();
