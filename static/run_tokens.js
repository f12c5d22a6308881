// The tokens of a node on a ground that says how likely the model found each; unlikely ones are underlined.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make } = ponder;
  const MOST = 800; // tokens shown
  const LEVELS = [0.1, 0.3, 0.5, 0.7, 0.9]; // probabilities from which a token is one shade surer

  const levelOf = (p) => LEVELS.filter((least) => p >= least).length;

  function token(piece, logprob) {
    const p = Math.exp(logprob);
    const element = make('span', `rv-token rv-p${levelOf(p)}`, piece.replaceAll('\n', '⏎\n'));
    element.title = `probability ${p < 0.005 ? '<0.01' : p.toFixed(2)}`;
    return element;
  }

  function forcedWords(text) {
    const element = make('span', 'rv-forced', text.replaceAll('\n', '⏎\n'));
    element.title = 'put in, not generated';
    return element;
  }

  /** Keeps `element` equal to the tokens of the node it is given; a growing node only adds to it. */
  class Tokens {
    constructor(element) {
      this.element = element;
      this.forget();
    }

    forget() {
      this.run = null;
      this.node = null;
      this.count = 0;
      this.element.replaceChildren();
    }

    show(run, node) {
      if (run !== this.run || node.id !== this.node || node.pieces.length < this.count) this.forget();
      if (this.node !== node.id && node.forced) this.element.append(forcedWords(node.forced));
      this.run = run;
      this.node = node.id;
      const end = Math.min(node.pieces.length, MOST);
      const fresh = document.createDocumentFragment();
      for (let i = this.count; i < end; i++) fresh.append(token(node.pieces[i], node.token_logprobs[i]));
      if (this.count < MOST && node.pieces.length > MOST) fresh.append(make('span', 'rv-soft', ` … and ${node.pieces.length - MOST} more`));
      this.count = end;
      this.element.append(fresh);
    }
  }

  ponder.RunTokens = Tokens;
})();
