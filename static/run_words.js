// Numbers and sentences about a run: what it answers, how it ended, what was kept, what to do next.
//
// Reads heads (app/run_feed.py), moments (run_log.js) and candidates; touches no document.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  const whole = (count) => Math.round(count).toLocaleString('en');
  const counted = (count, noun) => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;

  /** "4 ms", "0.09 s", "2.4 s", "3 min 5 s". */
  function seconds(value) {
    if (value < 0.0005) return '0 s';
    if (value < 0.01) return `${Math.round(1000 * value)} ms`;
    if (value < 0.1) return `${value.toFixed(2)} s`;
    if (value < 99.95) return `${value.toFixed(1)} s`;
    const all = Math.round(value);
    return `${Math.floor(all / 60)} min ${all % 60} s`;
  }

  /** Dollars with two digits that say something. */
  function dollars(value) {
    if (!value) return '$0';
    if (value < 1e-6) return '< $0.000001';
    const places = Math.min(7, Math.max(2, 1 - Math.floor(Math.log10(Math.abs(value)))));
    return `$${value.toFixed(places)}`;
  }

  // A minus sign for people, where what is shown is below 0.
  const signed = (value, places) => value.toFixed(places).replace(/^-(0\.0*)$/, '$1').replace('-', '−');

  /** How an answer is written for people; a right one to a countdown with what it makes. */
  function answerText(head, answer, isCorrect) {
    const text = ponder.treeLabels.pretty(answer);
    const target = head.task === 'countdown' && isCorrect ? /make\s+(-?\d+)/i.exec(head.problem) : null;
    return target ? `${target[1]} = ${text}` : text;
  }

  const verdictOf = (isCorrect) => (isCorrect === true ? 'right' : isCorrect === false ? 'wrong' : 'unknown');

  /** What is known of an answer: the sign beside it, and the word for those who do not see it. */
  const VERDICTS = {
    right: { sign: '✓', words: 'right' },
    wrong: { sign: '✗', words: 'wrong' },
    unknown: { sign: 'unknown', words: 'not known whether it is right' },
  };

  // When the answer was found, in words that follow "found ".
  function whenFound(head, node, end_s) {
    if (!node || node.finished_s === null) return '';
    const at = node.finished_s;
    if (end_s - at < 0.1 * end_s) return `after ${seconds(at)}`;
    return `after ${seconds(at)}; the search went on until ${seconds(end_s)}`;
  }

  function sentenceOfAnswer(head, candidates, node, end_s) {
    const by = head.strategy_title;
    const found = whenFound(head, node, end_s);
    const verdict = head.answer === null ? 'none' : verdictOf(head.is_correct);
    if (verdict === 'right') return `Right. ${by} found it ${found}.`.replace(' .', '.');
    if (verdict === 'unknown') return `${by} found it ${found}. Whether it is right is not known: give the expected answer under Advanced.`.replace(' .', '.');
    const isMissed = candidates.some((candidate) => candidate.is_correct);
    if (verdict === 'wrong' && isMissed) return 'Wrong, though a right answer is among the candidates: the scorer preferred another. Try another scorer, or vote.';
    if (verdict === 'wrong') return 'Wrong: the checker does not accept this answer. A larger budget or another seed may find one.';
    return 'It ended without an answer. A larger budget or another strategy may find one.';
  }

  const growth = (count) => (count ? `${count} ${count === 1 ? 'branch is' : 'branches are'} growing` : 'the steps are being scored');

  /** One or two sentences on how a run stands: what happened, what was kept, what to do next. */
  function statusSentence(head, moment, candidates) {
    const isFound = candidates.some((candidate) => candidate.answer !== null);
    const best = isFound && head.answer === null ? ', with the answers found until then' : '';
    const kept = moment.nodes.length > 1 ? `${counted(moment.nodes.length, 'node')} are kept${best}` : 'nothing had grown yet';
    const reason = (head.status_reason || '').replace(/[.\s]*$/, '');
    switch (head.status) {
      case 'queued':
        return `${(head.queue_note || 'Waiting for the model').replace(/[.\s]*$/, '')}; it starts by itself.`;
      case 'running':
        return `${isFound ? 'The best so far' : 'Nothing is finished yet'}; ${growth(moment.growing)}.`;
      case 'finished':
        return sentenceOfAnswer(head, candidates, moment.nodes[head.answer_node], moment.at_s);
      case 'partial': {
        const verdict = head.answer === null ? 'It has no answer yet' : `The best so far is ${verdictOf(head.is_correct) === 'unknown' ? 'the answer' : verdictOf(head.is_correct)}`;
        return `${reason}. ${verdict}; ${kept}. A larger budget lets it finish.`;
      }
      case 'cancelled':
        return `Stopped after ${seconds(moment.at_s)}; ${kept}. Press Run to start again.`;
      case 'interrupted':
        return `${reason.split(';')[0]}; ${kept}. Press Run to do it again.`;
      case 'failed':
        return `${reason}; ${kept}. Try another setting, or press Run again.`;
      case 'lost':
        return 'Choose a problem and press Run.';
      default:
        return reason ? `${reason}.` : '';
    }
  }

  /** The moment in one line: "1.7 s of 2.4 s · 86 nodes · 21 pruned". */
  function momentLine(moment, end_s, isAtEnd) {
    const time = isAtEnd ? seconds(end_s) : `${seconds(moment.at_s)} of ${seconds(end_s)}`;
    return `${time} · ${counted(moment.nodes.length, 'node')} · ${whole(moment.pruned)} pruned`;
  }

  ponder.runWords = { whole, counted, seconds, dollars, signed, answerText, verdictOf, VERDICTS, statusSentence, momentLine };
})();
