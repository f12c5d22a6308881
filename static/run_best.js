// What leads at a moment: the candidates in their order, equal answers together, and the branch ahead.
//
// Knows scores and answers as the server gave them; judges nothing itself. Touches no document.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  const orderOf = (one, other) => (other.score ?? -1) - (one.score ?? -1) || one.node - other.node;

  /**
   * The answers finished by `moment`, best first: [{node, answer, score, is_correct, tokens, count, votes, nodes}],
   * a row for each distinct answer. Without a scorer the votes decide where there is a vote, else the latest.
   */
  function ranked({ candidates, strategy, params }, moment) {
    const { scorer } = params;
    const groups = new Map();
    for (const candidate of candidates) {
      const node = moment.nodes[candidate.node];
      if (!node || !node.is_final) continue;
      const isScored = scorer && typeof node.scores[scorer] === 'number';
      const own = { ...candidate, score: isScored ? candidate.score : null };
      const key = candidate.answer === null ? `no answer ${candidate.node}` : `= ${candidate.answer}`;
      const group = groups.get(key);
      const vote = voteOf(node, strategy, params);
      if (!group) groups.set(key, { ...own, count: 1, votes: vote, nodes: [own.node] });
      else {
        const { count, votes, nodes } = group;
        if (orderOf(own, group) < 0) Object.assign(group, own);
        Object.assign(group, { count: count + 1, votes: votes + vote, nodes: [...nodes, own.node] });
      }
    }
    const rows = [...groups.values()];
    const isAnswered = (row) => (row.answer === null ? 1 : 0);
    if (scorer) return rows.sort((a, b) => isAnswered(a) - isAnswered(b) || orderOf(a, b));
    if (isVote(strategy)) return rows.sort((a, b) => isAnswered(a) - isAnswered(b) || b.votes - a.votes || a.node - b.node);
    return rows.sort((a, b) => isAnswered(a) - isAnswered(b) || Math.max(...b.nodes) - Math.max(...a.nodes));
  }

  /** Whether the candidates of this strategy vote. */
  function isVote(strategy) {
    return ['self_consistency', 'adaptive_consistency', 'confident_voting'].includes(strategy);
  }

  /** How much a candidate's vote weighs: 1, or its confidence where traces vote by that. */
  function voteOf(node, strategy, params) {
    if (strategy !== 'confident_voting') return 1;
    return node.status === 'pruned' ? 0 : node.search[params.weight || 'lowest'] ?? 0;
  }

  /** The node that leads: the answer, else the best candidate, else the branch with the best score. */
  function leader(moment, rows, scorer) {
    if (moment.answered !== null) return moment.answered;
    if (rows.length) return rows[0].node;
    return growing(moment, scorer);
  }

  /** The branch that is being written and hangs on the best score; null where nothing grows. */
  function growing(moment, scorer) {
    let best = null;
    let highest = -Infinity;
    for (let id = moment.nodes.length - 1; id > 0; id--) {
      const node = moment.nodes[id];
      if (node.status !== 'growing') continue;
      const above = moment.nodes[node.parent];
      const score = above && above.parent !== null ? (ponder.treeLabels.scoreOf(above, scorer)?.value ?? 0) : 0;
      const value = score + (node.tokens ? 1e-3 : 0);
      if (value > highest) [best, highest] = [id, value];
    }
    return best;
  }

  /** The nodes from below the question to `id`. */
  function pathOf(nodes, id) {
    const path = [];
    for (let node = nodes[id]; node && node.parent !== null; node = nodes[node.parent]) path.unshift(node);
    return path;
  }

  ponder.runBest = { ranked, isVote, leader, growing, pathOf };
})();
