// Fork from a node: which places can be gone on from, and the event that tells the setup column.
//
// The same rule as engine/forking.py: whole steps, or the first lines of a longer text; never a text that has
// ended, a critique or a check. Tells the page by the event "ponder:fork" {run, node, steps, words}.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, write, reveal } = ponder;
  const NO_PART = ['critique', 'execution'];

  /** A text in lines, each with the blank lines after it. */
  function linesOf(text) {
    const lines = [];
    for (const line of text.match(/[^\n]*\n|[^\n]+$/g) || []) {
      if (lines.length && !line.trim()) lines[lines.length - 1] += line;
      else lines.push(line);
    }
    return lines;
  }

  /** Where a fork of `node` begins: {node, most}; `most` lines of it can be kept, null for all. Null: nowhere. */
  function placeOf(nodes, node) {
    if (node.status === 'growing' || NO_PART.includes(node.kind)) return null;
    if (node.parent === null) return { node, most: null, least: null };
    const lines = linesOf(node.text).length;
    if (!node.is_final) return node.text.trim() ? { node, most: null, lines } : placeOf(nodes, nodes[node.parent]);
    return lines > 1 ? { node, most: lines - 1, lines } : placeOf(nodes, nodes[node.parent]);
  }

  class Fork {
    constructor(find) {
      this.parts = {};
      for (const name of ['fork', 'fork-steps', 'fork-step', 'fork-hint']) this.parts[name] = find(name);
      this.parts.fork.addEventListener('click', () => this.ask());
    }

    show({ head, moment, focus, isRecorded }) {
      const { parts } = this;
      const node = focus === null ? null : moment.nodes[focus];
      const canFork = Boolean(head.id && node) && !isRecorded && !ponder.isReplay;
      this.place = canFork ? placeOf(moment.nodes, node) : null;
      this.run = head.id;
      reveal(parts.fork, Boolean(this.place));
      reveal(parts['fork-hint'], canFork && !this.place);
      if (canFork && !this.place) write(parts['fork-hint'], node.status === 'growing' ? 'It can be forked from once it is written.' : 'It is no part of a solution: choose a step to fork from.');
      const isCut = Boolean(this.place?.most);
      reveal(parts['fork-steps'], isCut);
      if (!this.place) return;
      const at = this.place.node;
      write(parts.fork, at.parent === null ? 'Fork from the question' : at.id !== node.id ? 'Fork from the step before it' : isCut ? 'Fork from this text' : 'Fork from this node');
      const said = isCut ? `${head.id} ${at.id} ${this.place.most}` : '';
      if (said === this.said) return;
      this.said = said;
      if (!isCut) return;
      parts['fork-step'].replaceChildren(...linesOf(at.text).slice(0, this.place.most).map((line, i) => {
        const words = line.replace(/<\/?think>/g, ' ').trim();
        const option = make('option', '', `${i + 1}: ${ponder.treeLabels.shorten(words, 34)}`);
        option.value = String(i + 1);
        return option;
      }));
      parts['fork-step'].value = String(this.place.most);
    }

    ask() {
      const { node, most } = this.place;
      const steps = most ? Number(this.parts['fork-step'].value) : null;
      const text = steps ? linesOf(node.text)[steps - 1] : ponder.treeLabels.caption(node);
      const words = node.parent === null ? 'the question' : `“${ponder.treeLabels.shorten(text.replace(/<\/?think>/g, ' ').trim(), 60)}”`;
      window.dispatchEvent(new CustomEvent('ponder:fork', { detail: { run: this.run, node: node.id, steps, words } }));
    }
  }

  Object.assign(ponder, { RunFork: Fork, runFork: { linesOf, placeOf } });
})();
