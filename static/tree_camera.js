// From rows and columns to pixels: fitting, zooming, panning, and the short tween between two pictures.
//
// Rows and columns stretch at their own pace while type and dots keep their size, so a tree of thousands
// zooms from a whole to a readable part. Knows no canvas and no gesture: it is told d3.zoom's transforms.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const TWEEN_MS = 160;
  const ROW_MOST = 56; // px between rows when there is room
  const COLUMN_MOST = [215, 300, 250]; // px between columns when there is room; by columns, [0] for the rest
  const COLUMN_LEAST = 84; // px between columns below which labels no longer take from them
  const ROW_READABLE = 26; // px between rows at which labels have room
  const COLUMN_READABLE = 340; // px between columns at the closest
  const SIDES = ['sx', 'sy', 'tx', 'ty'];

  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  class Camera {
    constructor() {
      this.isAuto = true; // fits after every change, until a person zooms or drags
      this.size = { width: 0, height: 0 };
      this.layout = ponder.treeLayout.layOut([]);
      this.now = { sx: 1, sy: 1, tx: 0, ty: 0 }; // px = tx + column * sx, py = ty + row * sy
      this.goal = this.now; // where the tween ends
      this.base = this.now; // what a gesture's scale 1 stands for
      this.last = d3.zoomIdentity;
      this.tween = null;
    }

    /**
     * The picture that shows the whole tree. `roomFor(item)` is the px a leaf's label asks for to its
     * right, `bottom` what stands below the tree.
     */
    fitted(roomFor, bottom) {
      const { items, rows, columns } = this.layout;
      const { width, height } = this.size;
      const isNarrow = width < 520;
      const alone = isNarrow ? 24 : Math.max(40, width * 0.08);
      const left = !columns ? alone : isNarrow ? 40 : 64;
      const top = 28;
      const high = Math.max(40, height - top - bottom);
      const sy = clamp(high / Math.max(rows, 1e-6), 0, ROW_MOST);
      const whole = Math.max(60, width - left - 24);
      let sx = Math.min(COLUMN_MOST[columns] || COLUMN_MOST[0], whole / Math.max(1, columns));
      const least = Math.min(COLUMN_LEAST, (0.72 * whole) / Math.max(1, columns));
      let widest = 24;
      for (const item of items) {
        if (item.kids.length || !item.depth || item.isChip) continue;
        const room = roomFor(item, sy);
        if (!room) continue;
        sx = Math.min(sx, Math.max((width - left - room) / item.depth, least));
        if (item.depth === columns) widest = Math.max(widest, room);
      }
      const spare = Math.max(0, width - left - sx * columns - widest);
      return { sx, sy, tx: left + (columns ? Math.min(spare / 2, 150) : 0), ty: top + (high - sy * rows) / 2 };
    }

    /** Whether `fitted` differs from the picture aimed at by more than the eye should forgive. */
    isOff(fitted) {
      return Math.abs(fitted.sx - this.goal.sx) > 6 || Math.abs(fitted.tx - this.goal.tx) > 12;
    }

    /** Takes `layout`; items that were there move from where they are, new ones come out of their parent. */
    take(layout) {
      for (const item of layout.items) {
        const old = this.layout.byKey.get(item.key);
        item.x = old ? old.x : item.parent ? item.parent.x : item.column;
        item.y = old ? old.y : item.parent ? item.parent.y : item.row;
      }
      this.layout = layout;
    }

    /** Aims at `goal` and at the layout's own places, in a tween where `isSmooth`. */
    goTo(goal, isSmooth) {
      this.goal = goal;
      const { items } = this.layout;
      if (!isSmooth) {
        this.tween = null;
        this.now = goal;
        for (const item of items) [item.x, item.y] = [item.column, item.row];
        return;
      }
      for (const item of items) [item.fromX, item.fromY] = [item.x, item.y];
      this.tween = { from: this.now, start: performance.now() };
    }

    /** One step of the tween. `now_ms` as requestAnimationFrame tells it. */
    advance(now_ms) {
      if (!this.tween) return;
      const { from, start } = this.tween;
      const share = clamp((now_ms - start) / TWEEN_MS, 0, 1);
      const eased = 1 - (1 - share) ** 3;
      const between = (a, b) => a + (b - a) * eased;
      for (const item of this.layout.items) {
        item.x = between(item.fromX, item.column);
        item.y = between(item.fromY, item.row);
      }
      this.now = share === 1 ? this.goal : Object.fromEntries(SIDES.map((side) => [side, between(from[side], this.goal[side])]));
      if (share === 1) this.tween = null;
    }

    finish() {
      if (this.tween) this.advance(this.tween.start + TWEEN_MS);
    }

    /** From here on, scale 1 of the gestures is the picture aimed at. */
    settle() {
      this.base = this.goal;
      this.last = d3.zoomIdentity;
    }

    /** The least and the most a gesture may scale, so that all of the tree, or one label, fills the picture. */
    extent(fitted) {
      const least = Math.min(1, fitted.sy / this.base.sy, fitted.sx / this.base.sx);
      return [least, Math.max(2.5, (ROW_READABLE * 2) / Math.max(1e-6, this.base.sy))];
    }

    // How fast columns stretch when rows stretch: at the closest, both are readable.
    get pace() {
      const rows = Math.log(Math.max(1.5, (ROW_READABLE * 2) / Math.max(1e-6, this.base.sy)));
      const columns = Math.log(Math.max(1.5, COLUMN_READABLE / this.base.sx));
      return clamp(columns / rows, 0.15, 1);
    }

    /** A gesture went from the last transform to this one: a pan, or a stretch about its fixed point. */
    follow(transform) {
      this.finish();
      const { last } = this;
      if (this.isAuto) {
        this.isAuto = false;
        this.base = this.goal;
      }
      const ratio = transform.k / last.k;
      const { sx, sy, tx, ty } = this.goal;
      if (Math.abs(ratio - 1) < 1e-9) this.goal = { sx, sy, tx: tx + transform.x - last.x, ty: ty + transform.y - last.y };
      else {
        const x = (transform.x - ratio * last.x) / (1 - ratio);
        const y = (transform.y - ratio * last.y) / (1 - ratio);
        const slow = ratio ** this.pace;
        this.goal = { sx: sx * slow, sy: sy * ratio, tx: x - (x - tx) * slow, ty: y - (y - ty) * ratio };
      }
      this.last = transform;
      this.goal = this.held(this.goal);
      this.now = this.goal;
    }

    // Part of the tree stays in the picture however far it is dragged.
    held({ sx, sy, tx, ty }) {
      const { rows, columns } = this.layout;
      const { width, height } = this.size;
      return { sx, sy, tx: clamp(tx, 60 - sx * columns, width - 60), ty: clamp(ty, 40 - sy * rows, height - 40) };
    }

    /** The picture that has `item` well inside; the same where it is so already. */
    showing(item) {
      const { sx, sy, tx, ty } = this.goal;
      const x = tx + item.column * sx;
      const y = ty + item.row * sy;
      const dx = clamp(x, 40, this.size.width - 60) - x;
      const dy = clamp(y, 30, this.size.height - 50) - y;
      return dx || dy ? { sx, sy, tx: tx + dx, ty: ty + dy } : this.goal;
    }
  }

  ponder.TreeCamera = Camera;
})();
