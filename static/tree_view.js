// The tree of a run as a person sees and handles it: grows, zooms, pans, selects.
//
//   const view = new ponder.TreeView(canvas, {onSelect, list, reduceMotion, corner});   // corner: px kept free, bottom left
//   view.update(nodes, {scorer, answerNode, verdicts});   // as often as you like
//   view.update([]);                                      // another run follows: forget folds and zoom
//   view.select(id | null); view.fit(); view.setTheme(); view.destroy();
//
// The canvas fills its parent, which belongs to the view: it gets the buttons, the tooltip and, where no
// `list` is given, the role="tree" list that has the keyboard's focus. Nodes are RunLog's. Load after
// vendor/d3-bundle.min.js and tree_layout, _labels, _paint, _dress, _camera, _list, _tip, _keys, _pointing,
// _buttons (.js).
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const TWEEN_MOST = 800; // items; above, the picture jumps
  const LAYOUT_EVERY_MS = 100;
  const LIST_EVERY_MS = 250;
  const PULSE_EVERY_MS = 40;
  const GROWING_LETTERS = 20; // room kept for words still to come
  const DENSE = 300; // items in the picture; above, dots without labels
  const POINT = matchMedia('(pointer: coarse)');
  const CALM = matchMedia('(prefers-reduced-motion: reduce)');
  const DARK = matchMedia('(prefers-color-scheme: dark)');

  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  class TreeView {
    constructor(canvas, { onSelect = () => {}, list = null, reduceMotion = null, corner = () => 0 } = {}) {
      this.canvas = canvas;
      this.context = canvas.getContext('2d');
      this.stage = canvas.parentElement;
      this.onSelect = onSelect;
      this.reduceMotion = reduceMotion;
      this.corner = corner;
      this.nodes = [];
      this.options = { scorer: null, answerNode: null, verdicts: null };
      this.selected = null;
      this.cursor = null; // key of the item the keyboard is on
      this.hovered = null;
      this.opened = new Set(); // ids whose pruned children a person asked to see
      this.camera = new ponder.TreeCamera();
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

    get layout() {
      return this.camera.layout;
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
      this.camera.isAuto = true;
      this.goTo(this.fitted());
      this.settle();
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
      this.ownList = list ? null : document.createElement('ul');
      if (this.ownList) this.stage.append(this.ownList);
      this.list = new ponder.TreeList(list || this.ownList, (key) => this.activate(this.itemOf(key)));
      this.tip = new ponder.TreeTip(this.stage);
      this.buttons = ponder.treeButtons.make({
        out: () => this.zoomBy(1 / 1.5), in: () => this.zoomBy(1.5), fit: () => this.fit(),
      });
      this.stage.append(this.buttons);
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
      on(this.canvas, 'dblclick', () => this.fit());
      const takeFocus = (event) => {
        event.preventDefault(); // or the page takes the focus that the keys need
        this.focusList();
      };
      on(this.canvas, 'mousedown', takeFocus, { capture: true }); // d3.zoom lets no later listener hear it
      on(this.canvas, 'click', (event) => {
        const item = this.itemAt(event);
        if (item) this.activate(item);
      });
      on(this.canvas, 'pointermove', (event) => event.pointerType !== 'touch' && this.hover(event.buttons ? null : event));
      on(this.canvas, 'pointerleave', () => this.hover(null));
      on(this.stage, 'keydown', (event) => ponder.treeKeys.press(this, event));
      on(this.stage, 'pointerdown', () => this.stage.classList.add('tv-pointed')); // no focus ring for a pointer
      on(this.stage, 'keydown', () => this.stage.classList.remove('tv-pointed'));
      on(this.list.element, 'blur', () => this.stage.classList.remove('tv-pointed'));
      on(DARK, 'change', () => this.setTheme());
      on(CALM, 'change', () => this.askFrame());
      this.resizing = new ResizeObserver(() => {
        if (!this.measureStage()) return;
        this.isFresh = false;
        if (this.camera.isAuto) this.goTo(this.fitted(), false);
        this.settle();
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
      if (event.type === 'touchstart') return !this.camera.isAuto || event.touches.length > 1;
      return !event.ctrlKey;
    }

    focusList() {
      this.list.element.focus({ preventScroll: true });
    }

    measureStage() {
      const width = this.stage.clientWidth;
      const height = this.stage.clientHeight;
      const ratio = (window.devicePixelRatio || 1) * (this.stage.currentCSSZoom || 1);
      if (width === this.width && height === this.height && ratio === this.ratio) return false;
      Object.assign(this, { width, height, ratio });
      this.camera.size = { width, height };
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      return true;
    }

    startAfresh() {
      this.opened.clear();
      this.choices.clear();
      this.camera.isAuto = true;
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
      const layout = layOut(this.nodes, { kept, opened: this.opened, before });
      const isNew = layout !== before;
      if (isNew) this.camera.take(layout);
      const { scorer, verdicts } = this.options;
      this.isGrowing = ponder.treeDress.dress(layout.items, { winning, chosen, selected: this.selected, scorer, verdicts });
      if (isNew) {
        const isFirst = !before.items.length;
        this.goTo(this.camera.isAuto || isFirst ? this.fitted() : this.camera.goal, !isFirst);
        this.settle();
      } else if (this.camera.isAuto && this.camera.isOff(this.fitted())) {
        this.goTo(this.fitted()); // longer words ask for more room
        this.settle();
      }
      this.isFresh = false;
      this.askFrame();
      if (!this.listTimer) this.listTimer = setTimeout(() => this.showList(), LIST_EVERY_MS);
    }

    goTo(goal, isSmooth = true) {
      this.camera.goTo(goal, isSmooth && !this.isStill && this.layout.items.length <= TWEEN_MOST);
      this.isFresh = false;
      this.askFrame();
    }

    fitted() {
      return this.camera.fitted((item, sy) => this.roomFor(item, sy), this.buttonRoom() + 8);
    }

    // px a leaf's label asks for; 0 where it will have none.
    roomFor(item, sy) {
      if (this.layout.items.length > DENSE || (sy < 14 && !item.isWinning)) return 0;
      const text = ponder.treeLabels.shorten(ponder.treeLabels.label(item.node), this.letters());
      const words = item.node.status === 'growing' ? Math.max(this.measure(text), this.measure('0') * GROWING_LETTERS) : this.measure(text);
      return words + (item.score === null ? 0 : 38) + (item.mark ? 13 : 0) + 26;
    }

    letters() {
      return this.width < 520 ? 18 : 26;
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

    // ---- zooming

    // Tells d3.zoom how far it may go, and while nobody has zoomed, that this picture is scale 1.
    settle() {
      if (this.camera.isAuto) {
        this.camera.settle();
        this.canvas.__zoom = d3.zoomIdentity; // where d3.zoom keeps its transform
      }
      this.zoom.scaleExtent(this.camera.extent(this.fitted()));
      this.canvas.classList.toggle('tv-free', !this.camera.isAuto);
    }

    follow(transform) {
      this.camera.follow(transform);
      this.canvas.classList.add('tv-free');
      this.hover(null);
      this.isFresh = false;
      this.askFrame();
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
      this.camera.finish();
      const from = this.camera.now;
      this.follow(next);
      this.camera.now = from;
      this.goTo(this.camera.goal);
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
      const isMoving = Boolean(this.camera.tween);
      if (!this.isFresh) this.label();
      this.camera.advance(now);
      const { sx, sy, tx, ty } = this.camera.now;
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
      const { sx, sy, tx, ty } = this.camera.goal;
      const seen = [];
      for (const item of this.layout.items) {
        item.px = tx + item.column * sx;
        item.py = ty + item.row * sy;
        if (item.px > -20 && item.px < this.width + 20 && item.py > -20 && item.py < this.height + 20) seen.push(item);
      }
      this.isDense = seen.length > DENSE;
      for (const item of this.layout.items) item.r = ponder.treeDress.radius(item, Math.min(sx, sy), this.isDense);
      const isTold = (item) => item.isWinning || item.isSelected || item.depth === 0;
      const items = this.isDense ? seen.filter((item) => isTold(item) || (item.isChip && sy > 9)) : seen;
      const curves = [];
      for (const item of this.isDense ? items : this.layout.items) {
        if (item.parent) curves.push(ponder.treePaint.curveOf(item.parent, item, item.isWinning ? 2 : item.isChip ? 0.5 : 1));
      }
      const room = this.buttonRoom();
      this.labels = ponder.treeLabels.place({
        items, curves, width: this.width, height: this.height, measure: (text) => this.measure(text),
        reserved: [{ x: this.width - 124, y: this.height - room, w: 124, h: room }, { x: 0, y: this.height - room, w: this.corner(), h: room }],
        scorer: this.options.scorer, before: this.choices, letters: this.letters(), isSure: isTold,
        isAlone: this.layout.items.length === 1,
      });
      this.choices = new Map(this.labels.map((label) => [label.key, label.choice]));
    }

    // ---- pointing

    itemOf(key) {
      if (key === null || key === undefined) return null;
      const { byKey } = this.layout; // ids of nodes are numbers, those of chips start with +
      return byKey.get(/^\d+$/.test(key) ? Number(key) : key) ?? null;
    }

    itemAt(event) {
      const box = this.canvas.getBoundingClientRect();
      const zoom = box.width / this.width || 1; // the page may be enlarged
      const x = (event.clientX - box.left) / zoom;
      const y = (event.clientY - box.top) / zoom;
      const reach = event.pointerType === 'touch' || POINT.matches ? 22 : 11;
      return ponder.treePointing.itemAt({ x, y }, this.layout.items, this.labels, reach);
    }

    hover(event) {
      const item = event ? this.itemAt(event) : null;
      const key = item ? item.key : null;
      if (item) this.tip.show(item, this.options.scorer, this.camera.size);
      else this.tip.hide();
      if (key === this.hovered) return;
      this.hovered = key;
      this.canvas.classList.toggle('tv-over', Boolean(item));
      this.askFrame();
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
      this.tip.hide();
      this.layOutNow();
      if (!this.itemOf(this.cursor)) this.cursor = chip.id;
      this.showList();
    }

    // ---- the list that has the keyboard's focus

    clear() {
      this.cursor = null;
      this.tip.hide();
      this.choose(null);
    }

    // The keyboard goes to `item`: a node is selected on the way, a chip is not opened.
    moveTo(item) {
      this.cursor = item.key;
      if (item.isChip) this.showList();
      else this.choose(item.id);
      const now = this.itemOf(item.key);
      if (now && this.camera.showing(now) !== this.camera.goal) this.goTo(this.camera.showing(now));
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
