// The top of the run view: what the run answers and whether that is right, how it stands, what it cost.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal, mark } = ponder;
  const LONG = 24; // letters of an answer in large type
  const LETTER_PX = 7.3; // of the type of what is being written
  const TITLES = { // where there is no answer
    unknown: 'Getting ready', lost: 'Nothing to show', queued: 'Getting ready', running: 'Thinking', failed: 'It failed',
    cancelled: 'Stopped', interrupted: 'Interrupted',
  };

  /** What one branch has said from the question on: its last letters, on one line of `most`. */
  function lastWords(nodes, id, most) {
    const said = ponder.runBest.pathOf(nodes, id).map((node) => node.text).join('');
    const line = said.replace(/<\/?think>/g, ' ').replace(/\s+/g, ' ').trim();
    return line.length > most ? `…${line.slice(1 - most)}` : line;
  }

  class Headline {
    constructor(find) {
      this.parts = {};
      for (const name of ['about', 'recorded', 'go-live', 'answer', 'verdict', 'sentence', 'stream', 'figures']) this.parts[name] = find(name);
      this.parts['go-live'].addEventListener('click', () => document.querySelector('#run')?.click());
      this.figures = ['tokens', 'seconds', 'speed', 'dollars'].map((name) => {
        const figure = this.parts.figures.querySelector(`[data-figure=${name}]`);
        return [figure.querySelector('dd'), figure.querySelector('dt')];
      });
    }

    show({ head, moment, rows, log, isAtEnd, isRecorded }) {
      const { parts } = this;
      const cameWithPonder = isRecorded || Boolean(head.is_recorded); // the first visit's run, or a measured one
      reveal(parts.recorded, cameWithPonder);
      reveal(parts['go-live'], cameWithPonder);
      write(parts.about, [head.problem, head.strategy_title, head.model].filter(Boolean).join('  ·  '));
      mark(parts.about, 'title', parts.about.textContent);
      this.showBest(head, rows, isAtEnd);
      const isThinking = !head.is_over || !isAtEnd;
      const growing = isThinking ? ponder.runBest.growing(moment, head.params.scorer) : null;
      const room = Math.max(20, Math.floor(parts.sentence.parentElement.clientWidth / LETTER_PX));
      const words = growing === null ? '' : lastWords(moment.nodes, growing, room);
      write(parts.sentence, this.sentence(head, moment, rows, log, isAtEnd));
      reveal(parts.stream, isThinking);
      write(parts.stream, words);
      this.showFigures(head, log);
    }

    showBest(head, rows, isAtEnd) {
      const isOver = head.is_over && isAtEnd; // then only the run's own answer counts
      const best = isOver ? null : rows.find((row) => row.answer !== null);
      if (isOver && head.answer !== null) this.showAnswer(ponder.runWords.answerText(head, head.answer, head.is_correct), ponder.runWords.verdictOf(head.is_correct));
      else if (best) this.showAnswer(ponder.runWords.answerText(head, best.answer, best.is_correct), ponder.runWords.verdictOf(best.is_correct));
      else this.showAnswer(isAtEnd ? TITLES[head.status] || 'No answer' : 'Thinking', '');
    }

    sentence(head, moment, rows, log, isAtEnd) {
      if (isAtEnd) return ponder.runWords.statusSentence(head, moment, head.candidates);
      const { seconds, counted } = ponder.runWords;
      const so = rows.length ? 'best so far' : 'nothing is finished yet';
      return `At ${seconds(moment.at_s)} of ${seconds(log.end_s)}: ${so}, ${counted(moment.nodes.length, 'node')}.`;
    }

    // `verdict` is "" where there is no answer to judge.
    showAnswer(text, verdict) {
      const { answer, verdict: sign } = this.parts;
      write(answer, text);
      answer.classList.toggle('rv-long', text.length > LONG);
      mark(answer, 'title', text);
      mark(sign, 'data-verdict', verdict);
      reveal(sign, Boolean(verdict));
      if (!verdict) return;
      const known = ponder.runWords.VERDICTS[verdict];
      write(sign, known.sign);
      mark(sign, 'aria-label', known.words);
    }

    showFigures(head, log) {
      const { whole, seconds, dollars } = ponder.runWords;
      const { usage, budget } = head;
      const spent = usage.generated_tokens + usage.discarded_tokens + usage.scorer_tokens;
      const written = usage.generated_tokens + usage.discarded_tokens;
      const time = usage.seconds || log.end_s;
      const first = usage.first_token_seconds;
      const price = budget.max_usd ? `of ${dollars(budget.max_usd)}` : 'price book: local';
      const texts = [
        [head.id ? whole(spent) : '–', budget.max_tokens ? `tokens of ${whole(budget.max_tokens)}` : 'tokens'],
        [head.id ? seconds(time) : '–', `${budget.max_seconds ? `of ${seconds(budget.max_seconds)}, ` : ''}${first === null ? 'no token yet' : `${seconds(first)} to first`}`],
        [time > 0 && written ? whole(written / time) : '–', 'tokens / s'],
        [head.id ? dollars(usage.usd) : '–', price],
      ];
      this.figures.forEach(([value, unit], i) => {
        write(value, texts[i][0]);
        write(unit, texts[i][1]);
      });
    }
  }

  ponder.RunHeadline = Headline;
})();
