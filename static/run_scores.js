// Scorers and search statistics in words: what each number of a node is called and where it comes from.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  const SCORERS = {
    process_reward: ['Process reward', 'A trained model’s word on this step.'],
    self_evaluation: ['Self-evaluation', 'How surely the model says “yes, right so far”.'],
    confidence: ['Confidence', 'exp of the mean log-probability so far.'],
    unit_tests: ['Unit tests', 'The tests that the problem shows: 1 passes all, 0 does not.'],
    verifier: ['Verifier', 'The exact checker: 1 right, 0 wrong.'],
    'mean value': ['Mean value', 'Mean worth of its rollouts.'],
  };

  const titleOf = (by) => SCORERS[by]?.[0] ?? by.replaceAll('_', ' ');
  const originOf = (by) => SCORERS[by]?.[1] ?? 'A scorer of this run.';

  /** Each number of a node: [name, value as text, where it comes from]. */
  function numbersOf(node) {
    const { signed, whole } = ponder.runWords;
    const rows = [];
    for (const [by, value] of Object.entries(node.scores)) rows.push([titleOf(by), value.toFixed(2), originOf(by)]);
    const { visits, value } = node.search;
    if (typeof value === 'number') rows.push([titleOf('mean value'), value.toFixed(2), originOf('mean value')]);
    if (visits) rows.push(['Visits', whole(visits), 'Rollouts through this node.']);
    if (node.tokens) {
      rows.push(['Log-probability', signed(node.logprob, 2), `Sum of its tokens, ${signed(node.logprob / node.tokens, 2)} each.`]);
      if (node.confidence !== null) rows.push(['Token confidence', node.confidence.toFixed(2), 'Mean −ln p of the top 20; higher is surer.']);
      rows.push(['Tokens', whole(node.tokens), 'Generated for this node.']);
    }
    return rows;
  }

  const limited = (value) => (typeof value === 'number' && Number.isFinite(value) ? value.toFixed(2) : '∞');

  /** How the search weighed the node when it last chose it: {sum, words}, or null where it never did. */
  function choiceOf(node) {
    const terms = node.search.selection;
    if (!terms) return null;
    const rule = terms.rule === 'puct' ? 'PUCT' : 'UCT';
    const sum = `${limited(terms.q)} value + ${limited(terms.exploration)} exploration = ${limited(terms.sum)}`;
    const prior = terms.rule === 'puct' ? ` Its prior was ${limited(terms.prior)}.` : '';
    const words = `${rule}, when last chosen: it had been tried ${terms.n} of its parent’s ${terms.n_parent} times.${prior}`;
    return { sum, words };
  }

  ponder.runScores = { titleOf, originOf, numbersOf, choiceOf };
})();
