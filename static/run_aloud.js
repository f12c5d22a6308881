// What a screen reader is told of a run while it goes: one short sentence, at most every two seconds.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const EVERY_MS = 2000;

  class Aloud {
    constructor(element) {
      this.element = element;
      this.spokenAt = -Infinity;
      this.timer = 0;
    }

    /** Says `sentence`, now or when two seconds have passed since the last; a newer one takes its place. */
    say(sentence) {
      this.next = sentence;
      if (this.timer || this.element.textContent === sentence) return;
      const wait = Math.max(0, this.spokenAt + EVERY_MS - performance.now());
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.spokenAt = performance.now();
        ponder.write(this.element, this.next);
      }, wait);
    }
  }

  /** The sentence for a run as it stands. */
  function summary({ head, moment, rows }) {
    const { counted, VERDICTS, verdictOf } = ponder.runWords;
    const best = rows.find((row) => row.answer !== null);
    if (head.is_over) {
      const answer = head.answer === null ? 'no answer' : `answer ${head.answer}, ${VERDICTS[verdictOf(head.is_correct)].words}`;
      return `Run ${head.status}: ${answer}; ${counted(moment.nodes.length, 'node')}.`;
    }
    if (head.status === 'queued') return 'The run waits for the model.';
    const score = best && best.score !== null ? `, scored ${best.score.toFixed(2)}` : '';
    return `${counted(moment.nodes.length, 'node')}, ${moment.pruned} pruned${best ? `; best answer so far ${best.answer}${score}` : ''}.`;
  }

  Object.assign(ponder, { RunAloud: Aloud, runSummary: summary });
})();
