// From here: links to the run, to a node and to a moment, and the record as a file.
//
// A moment stands in a link in seconds, because a stored run numbers its events anew.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const SAY_MS = 2500;
  const FIELDS = ['id', 'parent', 'kind', 'instruction', 'thinking', 'forced', 'struck', 'text', 'tokens', 'logprob', 'confidence',
    'pieces', 'token_logprobs', 'token_confidences', 'scores', 'step_scores', 'search', 'status', 'reason', 'answer', 'is_final', 'created_s', 'finished_s'];
  const OUR_OWN = ['is_over', 'is_recorded', 'strategy_title', 'scorer_title', 'queue_note', 'candidates']; // of a head, for the page only

  /** The address of a run, and where given of a node and a moment of it. */
  function addressOf({ run, node = null, at_s = null }) {
    const address = new URL(location.href);
    address.hash = '';
    for (const name of ['run', 'node', 'at']) address.searchParams.delete(name);
    if (run) address.searchParams.set('run', run);
    if (run && node !== null) address.searchParams.set('node', String(node));
    if (run && at_s !== null) address.searchParams.set('at', String(at_s));
    return address.href;
  }

  /** The run's record as the command line prints it. */
  function recordOf(head, moment) {
    const record = { ...head };
    for (const name of OUR_OWN) delete record[name];
    const nodes = moment.nodes.map((node) => {
      const plain = Object.fromEntries(FIELDS.map((name) => [name, node[name]]));
      return { ...plain, logprob: Math.round(node.logprob * 1e5) / 1e5 };
    });
    return { ...record, nodes };
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (_) {
      return false;
    }
  }

  class Links {
    /**
     * `where()` tells what is shown: {head, log, selected, at_s, isRecorded}. `save({run, format})`, where there
     * is a server, resolves to the file as JSON text.
     */
    constructor(find, where, save = null) {
      this.parts = {};
      this.saveAs = save;
      for (const name of ['compare', 'copy-node', 'copy-run', 'export', 'exports', 'said', 'link']) this.parts[name] = find(name);
      const { parts } = this;
      parts['copy-node'].addEventListener('click', () => {
        const { head, focus, at_s } = where();
        this.give(addressOf({ run: head.id, node: focus, at_s }), 'The link to this node is copied.');
      });
      parts['copy-run'].addEventListener('click', () => this.give(addressOf({ run: where().head.id }), 'The link to the run is copied.'));
      parts.export.addEventListener('click', () => {
        const { head, log } = where();
        this.save(`ponder-${head.id}.json`, new Blob([JSON.stringify(recordOf(head, log.now), null, 1)], { type: 'application/json' }));
      });
      for (const button of parts.exports.querySelectorAll('[data-format]')) {
        button.addEventListener('click', () => this.fetch(where().head.id, button.dataset.format));
      }
    }

    show({ head, focus, isRecorded }) {
      const isLinked = Boolean(head.id) && !isRecorded && !ponder.isReplay;
      reveal(this.parts.exports, isLinked && head.is_over && Boolean(this.saveAs));
      reveal(this.parts.compare, isLinked && head.is_over);
      ponder.mark(this.parts.compare, 'href', isLinked ? `compare?runs=${encodeURIComponent(head.id)}` : null);
      reveal(this.parts['copy-node'], isLinked && focus !== null);
      reveal(this.parts['copy-run'], isLinked);
      reveal(this.parts.export, Boolean(head.id));
    }

    async give(address, words) {
      const isCopied = await copy(address);
      this.say(isCopied ? words : 'This browser does not let the page copy; here is the link:');
      const { link } = this.parts;
      reveal(link, !isCopied);
      link.value = address;
      if (!isCopied) link.select();
    }

    async fetch(run, format) {
      let reply;
      try {
        reply = JSON.parse(await this.saveAs({ run, format }));
      } catch (_) {
        reply = { error: 'Ponder does not answer; check that it still runs.' };
      }
      if (reply.error) this.say(reply.error);
      else this.save(reply.name, ponder.blobOf(reply));
    }

    save(name, blob) {
      ponder.saveFile(name, blob);
      this.say(`Saved as ${name}.`);
    }

    say(words) {
      write(this.parts.said, words);
      clearTimeout(this.timer);
      if (this.parts.link.hidden) this.timer = setTimeout(() => write(this.parts.said, ''), SAY_MS);
    }
  }

  Object.assign(ponder, { RunLinks: Links, runLinks: { addressOf, recordOf } });
})();
