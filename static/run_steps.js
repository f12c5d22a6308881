// Scores by step of one path: a column a step, as the scorer judged it, or how likely the model found it.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, makeButton, write, reveal } = ponder;
  const MOST = 24; // columns; a longer path shows its last ones

  const plain = (text) => text.replace(/<\/?think>/g, ' ').trim();
  const linesOf = (node) => plain(node.text).split('\n').map((line) => line.trim()).filter(Boolean);

  // Each line of a node with the mean probability of its tokens.
  function likelihoods(node) {
    const lines = [];
    let line = { text: '', sum: 0, count: 0 };
    const end = () => {
      if (plain(line.text) && line.count) lines.push({ node: node.id, text: plain(line.text), value: Math.exp(line.sum / line.count) });
      line = { text: '', sum: 0, count: 0 };
    };
    node.pieces.forEach((piece, i) => {
      line.text += piece;
      line.sum += node.token_logprobs[i];
      line.count += 1;
      if (piece.includes('\n')) end();
    });
    end();
    return lines;
  }

  /**
   * The steps of `path`: {by, steps: [{node, text, value}]}, value null where a step was not scored. `by` is
   * a scorer's name, or "likelihood" where at most the answer was scored.
   */
  function stepsOf(path, scorer) {
    const steps = [];
    let by = null;
    for (const node of path) {
      const own = scorer ? node.step_scores[scorer] : null;
      const found = ponder.treeLabels.scoreOf(node, scorer);
      if (own && own.length > 1) {
        const lines = linesOf(node);
        own.forEach((value, i) => steps.push({ node: node.id, text: lines[i] ?? lines[lines.length - 1] ?? node.kind, value }));
      } else steps.push({ node: node.id, text: ponder.treeLabels.caption(node), value: found ? found.value : null });
      if ((own && own.length > 1) || (found && !node.is_final)) by = by || scorer || found.by;
    }
    return by ? { by, steps } : { by: 'likelihood', steps: path.flatMap(likelihoods) };
  }

  class Steps {
    constructor(find, onPick) {
      this.list = find('steps');
      this.words = find('steps-words');
      this.onPick = onPick;
      this.shown = '';
    }

    /** Shows the path to `focus`, or that there is none yet. */
    show({ head, moment, focus, selected, isAtEnd }) {
      const path = focus === null ? [] : ponder.runBest.pathOf(moment.nodes, focus);
      const { by, steps } = stepsOf(path, head.params.scorer);
      const some = steps.slice(-MOST);
      const isAnswer = head.answer_node === focus && isAtEnd;
      const said = JSON.stringify([some.map((step) => [step.node, step.value, step.text]), selected, isAnswer]);
      if (said === this.shown) return;
      this.shown = said;
      reveal(this.list, some.length > 0);
      const first = steps.length - some.length;
      const isTight = some.length > 9;
      this.list.classList.toggle('rv-tight', isTight);
      this.list.replaceChildren(...some.map((step, i) => this.column(step, first + i + 1, step.node === selected)));
      const whose = selected !== null ? 'Of the path to the selected node' : isAnswer ? 'Of the answer’s path' : 'Of the best path so far';
      write(this.words, some.length ? `${whose}: ${this.legend(by, path)}.` : 'The steps of a path appear here.');
    }

    legend(by, path) {
      const what = by === 'likelihood' ? 'the mean probability of each line’s words' : ponder.runScores.titleOf(by).toLowerCase();
      const isMixed = path.length > 1 && by === 'verifier';
      return isMixed ? 'mean value of steps, the checker’s word on the answer' : what;
    }

    column(step, number, isSelected) {
      const item = make('li');
      const button = makeButton('rv-step', undefined, () => this.onPick(step.node));
      const value = step.value === null ? 'not scored' : step.value.toFixed(2);
      button.title = `${step.text}\n${value}`;
      button.setAttribute('aria-label', `Step ${number}, ${value}: ${step.text}`);
      if (isSelected) button.setAttribute('aria-current', 'true');
      button.append(make('span', 'rv-step-value', step.value === null ? '–' : value.replace(/^0/, '').replace(/^1\.00$/, '1')));
      const well = make('span', 'rv-step-well');
      if (step.value !== null) {
        const fill = make('i', `rv-shade-${ponder.scoreShade(step.value)}`);
        fill.style.height = `${Math.max(3, 100 * Math.max(0, Math.min(1, step.value)))}%`;
        well.append(fill);
      }
      button.append(well, make('span', 'rv-step-number', String(number)));
      item.append(button);
      return item;
    }
  }

  Object.assign(ponder, { RunSteps: Steps, stepsOf });
})();
