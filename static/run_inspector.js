// The node inspector: all that is known of one node, and in words why it was kept or dropped.
//
// Text only, never markup. Rebuilt when another node is shown or its node changed, not otherwise.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, write, reveal } = ponder;

  const KINDS = { question: 'Question', step: 'Step', answer: 'Answer', critique: 'Critique', revision: 'Revision', execution: 'Check' };
  const WHY = {
    growing: 'Being written', kept: 'Why it was kept', pruned: 'Why it was pruned', selected: 'Why it was selected',
    finished: 'How it ended', aborted: 'Why it stopped',
  };
  const DONE = { growing: 'Growing', kept: 'Kept', pruned: 'Pruned', selected: 'Selected', finished: 'Finished', aborted: 'Stopped' };

  function depthOf(nodes, node) {
    let depth = 0;
    for (let at = node; at.parent !== null; at = nodes[at.parent]) depth += 1;
    return depth;
  }

  class Inspector {
    constructor(find) {
      this.parts = {};
      const names = ['title', 'empty', 'body', 'kind', 'state', 'asked', 'text', 'answer', 'numbers', 'choice', 'choice-sum',
        'choice-words', 'why-title', 'why', 'earlier', 'tokens-part', 'tokens'];
      for (const name of names) this.parts[name] = find(`node-${name}`);
      this.tokens = new ponder.RunTokens(this.parts.tokens);
      this.shown = '';
    }

    /** Shows node `focus` of the moment, or that there is none. */
    show({ head, moment, focus, selected, verdicts, isAtEnd }) {
      const { parts } = this;
      const node = focus === null ? null : moment.nodes[focus];
      write(parts.title, selected !== null ? 'Selected node' : head.answer_node === focus && isAtEnd ? 'Answer' : 'Best so far');
      reveal(parts.empty, !node);
      reveal(parts.body, Boolean(node));
      const said = node ? `${head.id} ${node.id} ${node.version} ${verdicts.get(node.id)}` : '';
      if (said === this.shown) return;
      this.shown = said;
      if (!node) return;
      const depth = depthOf(moment.nodes, node);
      const kind = KINDS[node.kind] || node.kind;
      write(parts.kind, node.kind !== 'step' ? kind : !node.is_final ? `Step ${depth}` : depth > 1 ? `Answer, after ${ponder.runWords.counted(depth - 1, 'step')}` : 'Answer');
      write(parts.state, (DONE[node.status] || node.status).toLowerCase());
      parts.state.dataset.status = node.status;
      reveal(parts.asked, Boolean(node.instruction));
      write(parts.asked, node.instruction ? `Asked: ${node.instruction}` : '');
      this.showText(node);
      this.showAnswer(node, verdicts);
      parts.numbers.replaceChildren(...ponder.runScores.numbersOf(node).flatMap(numberRow));
      reveal(parts.numbers, parts.numbers.children.length > 0);
      this.showChoice(node);
      this.showWhy(node);
      reveal(parts['tokens-part'], node.pieces.length > 0 || Boolean(node.forced));
      this.tokens.show(head.id, node);
    }

    // What was put in is told apart from what the model wrote, from the first moment on.
    showText(node) {
      const plain = (text) => text.replace(/[ \t]*<\/?think>[ \t]*/g, '');
      const isForced = Boolean(node.forced) && node.text.startsWith(node.forced);
      const own = plain(isForced ? node.text.slice(node.forced.length) : node.text);
      if (!isForced) {
        write(this.parts.text, own.trim() || '…');
        return;
      }
      const forced = make('span', 'rv-forced', plain(node.forced).trimStart());
      forced.title = 'Put in, not generated; the model read it as its own.';
      this.parts.text.replaceChildren(forced, own.trimEnd());
    }

    showAnswer(node, verdicts) {
      const { answer } = this.parts;
      const isAnswer = node.is_final && node.kind !== 'critique';
      reveal(answer, isAnswer);
      if (!isAnswer) return;
      const verdict = ponder.runWords.verdictOf(verdicts.get(node.id));
      const { sign, words } = ponder.runWords.VERDICTS[verdict];
      const spoken = make('span', `rv-${verdict}`, verdict === 'unknown' ? 'not known whether right' : `${sign} ${words}`);
      answer.replaceChildren(node.answer === null ? 'No answer can be read from it. ' : 'Answers ');
      if (node.answer !== null) answer.append(make('code', '', ponder.treeLabels.pretty(node.answer)), ' ', spoken);
    }

    showChoice(node) {
      const { parts } = this;
      const choice = ponder.runScores.choiceOf(node);
      reveal(parts.choice, Boolean(choice));
      if (!choice) return;
      write(parts['choice-sum'], choice.sum);
      write(parts['choice-words'], choice.words);
    }

    showWhy(node) {
      const { parts } = this;
      write(parts['why-title'], WHY[node.status] || 'What became of it');
      write(parts.why, node.reason || (node.status === 'growing' ? 'Not decided yet.' : 'No reason was recorded.'));
      const earlier = node.decisions.slice(0, -1).filter(({ reason }) => reason && !node.reason.includes(reason));
      parts.earlier.replaceChildren(...earlier.map(({ status, reason, at_s }) =>
        make('li', '', `${DONE[status] || status} at ${ponder.runWords.seconds(at_s)}: ${reason}`)));
      reveal(parts.earlier, earlier.length > 0);
    }
  }

  function numberRow([name, value, origin]) {
    const term = make('dt', '', name);
    term.append(make('small', '', origin));
    return [term, make('dd', '', value)];
  }

  ponder.RunInspector = Inspector;
})();
