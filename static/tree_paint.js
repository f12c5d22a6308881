// Draws a laid-out tree on a canvas: edges, nodes, marks, labels, in that order.
//
// Knows colours, shapes and strokes. Does not know where things stand or why (tree_layout.js), what is
// written where (tree_labels.js), nor how a person moves the picture (tree_view.js).
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const VIRIDIS = ['#440154', '#46327e', '#365c8d', '#277f8e', '#1fa187', '#4ac16d', '#a0da39', '#fde725'];
  const FONT_PX = 11.5;
  const CHUNK = 250; // curves in one stroke; a longer path costs the rasteriser more than it saves
  const FULL_MARK_FROM = 5; // px of a node's half width; smaller ones have smaller marks

  const parse = (colour) => {
    const hex = colour.trim();
    if (/^#[0-9a-f]{3}$/i.test(hex)) return [...hex.slice(1)].map((digit) => parseInt(digit + digit, 16));
    if (/^#[0-9a-f]{6}/i.test(hex)) return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return (hex.match(/[\d.]+/g) || [128, 128, 128]).slice(0, 3).map(Number);
  };
  const mix = (one, other, share) => {
    const a = parse(one);
    const b = parse(other);
    return `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * share)).join(',')})`;
  };

  /** The colours to draw with, read from the page's CSS variables at `element`. */
  function readTheme(element) {
    const style = getComputedStyle(element);
    const read = (name, otherwise) => style.getPropertyValue(`--${name}`).trim() || otherwise;
    const theme = {
      bg: read('bg', '#fbfaf8'),
      panel: read('panel', '#ffffff'),
      ink: read('ink', '#1c1b22'),
      soft: read('soft', '#5b5966'),
      line: read('line', '#e6e3dd'),
      accent: read('accent', '#3d46c2'),
      good: read('good', '#1f7a4d'),
      bad: read('bad', '#b3261e'),
      chip: read('chip', '#f1efea'),
      font: `${FONT_PX}px ${read('mono', 'ui-monospace, Menlo, "DejaVu Sans Mono", monospace')}`,
    };
    theme.edge = mix(theme.line, theme.soft, 0.1);
    theme.faint = mix(theme.line, theme.soft, 0.45);
    theme.unscored = mix(theme.line, theme.soft, 0.6);
    theme.fills = VIRIDIS;
    // A rim keeps yellow visible on white and violet on black; hollow shapes are drawn with it alone.
    theme.rims = VIRIDIS.map((colour) => mix(colour, theme.ink, 0.3));
    return theme;
  }

  const shade = (score) => Math.max(0, Math.min(7, Math.floor(score * 8)));

  // The edge from a parent at (x0, y0): level at both ends. As canvas calls, and as a function of 0..1.
  const bend = (x0, x1) => [x0 + (x1 - x0) * 0.38, x1 - (x1 - x0) * 0.44];

  function trace(context, a, b) {
    const [c0, c1] = bend(a.px, b.px);
    context.moveTo(a.px, a.py);
    context.bezierCurveTo(c0, a.py, c1, b.py, b.px, b.py);
  }

  function curveOf(a, b, weight) {
    const [c0, c1] = bend(a.px, b.px);
    const at = (t) => {
      const u = 1 - t;
      const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
      return [p * a.px + q * c0 + r * c1 + s * b.px, p * a.py + q * a.py + r * b.py + s * b.py];
    };
    return { weight, length: Math.hypot(b.px - a.px, b.py - a.py), at };
  }

  function shapePath(context, item, r) {
    const { px: x, py: y, node } = item;
    context.beginPath();
    if (node.kind === 'critique') {
      const d = r * 1.25;
      context.moveTo(x, y - d);
      context.lineTo(x + d, y);
      context.lineTo(x, y + d);
      context.lineTo(x - d, y);
      context.closePath();
    } else if (node.is_final) {
      const h = r * 0.9;
      context.roundRect(x - h, y - h, 2 * h, 2 * h, Math.max(1, h * 0.36));
    } else context.arc(x, y, r, 0, 2 * Math.PI);
  }

  const isHollow = (node) => node.status === 'pruned' || node.status === 'aborted';

  // Plain edges, in one stroke for each width and dash.
  function drawEdges(context, scene) {
    const { theme } = scene;
    const groups = new Map();
    for (const item of scene.items) {
      const { parent } = item;
      if (!parent || item.isWinning || item.isChosen || !item.isEdgeSeen) continue;
      const isDashed = item.isChip || isHollow(item.node);
      const key = isDashed ? 'dashed' : Math.round(item.weight * 2) / 2;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(item);
    }
    context.lineCap = 'round';
    if (scene.isDense) context.globalAlpha = Math.max(0.3, Math.min(1, 500 / scene.items.length));
    for (const [key, members] of groups) {
      const isDashed = key === 'dashed';
      context.strokeStyle = isDashed ? theme.faint : theme.edge;
      context.lineWidth = isDashed ? 1.1 : scene.isDense ? Math.max(0.6, key * 0.4) : key;
      context.setLineDash(isDashed ? [3, 3] : []);
      for (let from = 0; from < members.length; from += CHUNK) {
        context.beginPath();
        for (const item of members.slice(from, from + CHUNK)) trace(context, item.parent, item);
        context.stroke();
      }
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
    const strong = [
      [scene.items.filter((item) => item.parent && item.isChosen && !item.isWinning), theme.soft, 2],
      [scene.items.filter((item) => item.parent && item.isWinning), theme.accent, 3],
    ];
    for (const [members, colour, width] of strong) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      for (const item of members) trace(context, item.parent, item);
      context.stroke();
    }
  }

  // Thousands of nodes: dots, one fill for each colour.
  function drawDots(context, scene) {
    const groups = new Map();
    for (const item of scene.items) {
      if (item.isChip || !item.isSeen || item.isWinning || item.isChosen) continue;
      const key = isHollow(item.node) ? 'hollow' : item.score === null ? 'unscored' : shade(item.score);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(item);
    }
    for (const [key, members] of groups) {
      context.fillStyle = key === 'hollow' ? scene.theme.faint : key === 'unscored' ? scene.theme.unscored : scene.theme.fills[key];
      context.beginPath();
      for (const item of members) {
        const r = item.r;
        if (item.node.is_final) context.rect(item.px - r, item.py - r, 2 * r, 2 * r);
        else {
          context.moveTo(item.px + r, item.py);
          context.arc(item.px, item.py, r, 0, 2 * Math.PI);
        }
      }
      context.fill();
    }
  }

  function drawNode(context, item, scene) {
    const { theme } = scene;
    const { node, r } = item;
    const isRoot = item.depth === 0;
    if (node.status === 'growing' && !isRoot) {
      const swell = scene.isStill ? 0.5 : 0.5 + 0.5 * Math.sin((scene.now / 1000) * 2 * Math.PI * 0.7 + item.id * 0.6);
      context.globalAlpha = 0.34 - 0.2 * swell;
      context.fillStyle = theme.accent;
      context.beginPath();
      context.arc(item.px, item.py, r + 3 + 4 * swell, 0, 2 * Math.PI);
      context.fill();
      context.globalAlpha = 1;
    }
    const at = item.score === null ? null : shade(item.score);
    const rim = at === null ? theme.soft : theme.rims[at];
    shapePath(context, item, r);
    if (isRoot) context.fillStyle = theme.ink;
    else if (isHollow(node)) context.fillStyle = theme.bg;
    else context.fillStyle = node.status === 'growing' && at === null ? theme.chip : at === null ? theme.unscored : theme.fills[at];
    context.fill();
    const isSmall = r < 4;
    context.strokeStyle = item.isWinning ? theme.accent : rim;
    context.lineWidth = item.isWinning ? (isSmall ? 2 : 3) : isHollow(node) ? 1.5 : 1.1;
    context.stroke();
    if (item.isSelected) {
      shapePath(context, item, r + (item.isWinning ? 5.5 : 4.5));
      context.strokeStyle = theme.accent;
      context.lineWidth = 2;
      context.stroke();
    } else if (item.isHovered) {
      shapePath(context, item, r + (item.isWinning ? 5 : 4));
      context.strokeStyle = theme.soft;
      context.lineWidth = 1.2;
      context.stroke();
    }
    if (item.mark) drawMark(context, item, theme);
  }

  // A mark is as large as its node is, so that those of close rows stay apart.
  function drawMark(context, item, theme) {
    const scale = Math.min(1, Math.max(0.55, item.r / FULL_MARK_FROM));
    const x = item.px + item.r + (item.isSelected ? 8 : 5);
    const to = (kind, right, down) => context[kind](x + right * scale, item.py + down * scale);
    context.beginPath();
    if (item.mark === 'right') {
      to('moveTo', 0, 0.5);
      to('lineTo', 3, 3.8);
      to('lineTo', 8.5, -4);
    } else {
      to('moveTo', 0.5, -3.8);
      to('lineTo', 7.5, 3.8);
      to('moveTo', 7.5, -3.8);
      to('lineTo', 0.5, 3.8);
    }
    context.lineJoin = 'round';
    for (const [colour, width] of [[theme.bg, 5 * scale], [item.mark === 'right' ? theme.good : theme.bad, 1 + 0.9 * scale]]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }

  function drawLabels(context, scene) {
    const { theme } = scene;
    context.font = theme.font;
    context.textBaseline = 'alphabetic';
    context.lineJoin = 'round';
    for (const label of scene.labels) {
      const { item } = label;
      if (item.isChip && (item.isHovered || item.isCursor)) {
        context.fillStyle = theme.chip;
        context.beginPath();
        context.roundRect(item.px + label.box.x - 6, item.py - 9, label.box.w + 12, 18, 9);
        context.fill();
        if (item.isCursor) {
          context.strokeStyle = theme.accent;
          context.lineWidth = 2;
          context.stroke();
        }
      }
      const isDim = !item.isChip && isHollow(item.node);
      for (const part of label.parts) {
        const x = item.px + part.x;
        const y = item.py + part.y;
        if (!item.isChip || !item.isHovered) {
          context.strokeStyle = item.isCursor && item.isChip ? theme.chip : theme.bg;
          context.lineWidth = 4;
          context.strokeText(part.text, x, y);
        }
        context.fillStyle = part.isSoft || isDim ? theme.soft : theme.ink;
        context.fillText(part.text, x, y);
      }
    }
  }

  /** One frame. `scene` has items (px, py, r, …), labels, theme, width, height, ratio, now, isDense, isStill. */
  function paint(context, scene) {
    context.setTransform(scene.ratio, 0, 0, scene.ratio, 0, 0);
    context.clearRect(0, 0, scene.width, scene.height);
    drawEdges(context, scene);
    if (scene.isDense) drawDots(context, scene);
    for (const item of scene.items) {
      if (item.isChip || !item.isSeen) continue;
      if (!scene.isDense || item.isWinning || item.isChosen) drawNode(context, item, scene);
    }
    drawLabels(context, scene);
  }

  ponder.treePaint = { paint, readTheme, curveOf, isHollow };
})();
