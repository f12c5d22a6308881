// Scorers and search statistics in words: what each number of a node is called and where it comes from.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  const SCORERS = { // app/scorers.py has the same titles
    process_reward: ['Process reward', 'A trained model’s word on this step.'],
    outcome_reward: ['Outcome reward', 'A trained model’s word on the whole answer.'],
    self_evaluation: ['Self-evaluation', 'How surely the model says “yes, right so far”.'],
    judge: ['Judge', 'The model’s own verdict, asked for in words.'],
    confidence: ['Likelihood', 'exp of the mean log-probability so far.'],
    confidence_mean: ['Mean confidence', 'Of all its tokens: 0 is a guess among twenty.'],
    confidence_tail: ['Tail confidence', 'Of its last tokens: 0 is a guess among twenty.'],
    confidence_lowest: ['Lowest confidence', 'Of its least sure group of tokens.'],
    verifier: ['Verifier', 'The exact checker: 1 right, 0 wrong.'],
    check: ['Check', 'What can be checked without the answer: 1 passed, 0 failed.'],
    unit_tests: ['Unit tests', 'The share of the shown tests that it passes.'],
    'mean value': ['Mean value', 'Mean worth of its rollouts.'],
  };

  const titleOf = (by) => SCORERS[by]?.[0] ?? by.replaceAll('_', ' ');
  const originOf = (by) => SCORERS[by]?.[1] ?? 'A scorer of this run.';
  const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

  // What strategies note beside visits and values: [key, name, places, where it comes from].
  const NOTES = [
    ['weight', 'Particle weight', 3, 'Its share of all particles when they were last resampled.'],
    ['copies', 'Times resampled', 0, 'How many particles went on from here.'],
    ['lowest', 'Lowest group', 2, 'Confidence of its least sure group of tokens.'],
    ['tail', 'Tail', 2, 'Confidence of its last tokens.'],
    ['bottom', 'Bottom tenth', 2, 'Confidence of its least sure tenth.'],
    ['mean', 'All tokens', 2, 'Mean confidence of its tokens.'],
  ];

  /** Each number of a node: [name, value as text, where it comes from]. */
  function numbersOf(node) {
    const { signed, whole } = ponder.runWords;
    const rows = [];
    for (const [by, value] of Object.entries(node.scores)) rows.push([titleOf(by), value.toFixed(2), originOf(by)]);
    const { visits, value, judgements } = node.search;
    const isJudged = Array.isArray(judgements);
    if (isNumber(value)) {
      const name = isJudged ? 'State value' : titleOf('mean value');
      rows.push([name, value.toFixed(2), isJudged ? `Mean of ${judgements.length} of the model’s own words.` : originOf('mean value')]);
    }
    if (visits) rows.push(['Visits', whole(visits), 'Rollouts through this node.']);
    for (const [key, name, places, origin] of NOTES) if (isNumber(node.search[key])) rows.push([name, node.search[key].toFixed(places), origin]);
    if (node.tokens) {
      rows.push(['Log-probability', signed(node.logprob, 2), `Sum of its tokens, ${signed(node.logprob / node.tokens, 2)} each.`]);
      if (node.confidence !== null) rows.push(['Token confidence', node.confidence.toFixed(2), 'Mean −ln p of the top 20; higher is surer.']);
      rows.push(['Tokens', whole(node.tokens), 'Generated for this node.']);
    } else if (node.forced) rows.push(['Tokens', '0', 'Put in, not generated: it counts as prompt.']);
    return rows;
  }

  const limited = (value) => (isNumber(value) ? value.toFixed(2) : '∞');
  const share = (value) => `${Math.round(100 * value)} %`;

  /** How the search weighed the node when it last chose there: {sum, words}, or null where it never did. */
  function choiceOf(node) {
    const { selection, thompson, lead, consensus, warmup, route, resampling } = node.search;
    if (selection) {
      const rule = selection.rule === 'puct' ? 'PUCT' : 'UCT';
      const prior = selection.rule === 'puct' ? ` Its prior was ${limited(selection.prior)}.` : '';
      return {
        sum: `${limited(selection.q)} value + ${limited(selection.exploration)} exploration = ${limited(selection.sum)}`,
        words: `${rule}, when last chosen: it had been tried ${selection.n} of its parent’s ${selection.n_parent} times.${prior}`,
      };
    }
    if (thompson) {
      const { wider, deeper } = thompson;
      const isDeeper = deeper.draw > wider.draw;
      return {
        sum: `${isDeeper ? 'Deeper' : 'Wider'}: drew ${limited(wider.draw)} for a new answer, ${limited(deeper.draw)} for a better one`,
        words: `Thompson sampling, when last here: beliefs rest on ${wider.n} new and ${deeper.n} rewritten answers.`,
      };
    }
    if (route) return { sum: `Chose to ${route.choice}`, words: route.reason };
    if (consensus) return { sum: `${share(consensus.share)} of the confidence agrees`, words: warmup ? `Traces below ${limited(warmup.bar)} were aborted or do not vote.` : '' };
    if (lead) return { sum: `The lead is ${share(lead.probability)} sure`, words: `Votes: ${lead.votes.join(', ')}.` };
    if (resampling) return { sum: `Resampled after step ${resampling.step}`, words: `${new Set(resampling.drawn).size} of ${resampling.particles.length} particles went on.` };
    return null;
  }

  ponder.runScores = { titleOf, originOf, numbersOf, choiceOf };
})();
