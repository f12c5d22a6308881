// The event log of a run as nodes: at its end, or at any moment before it.
//
//   const log = new ponder.RunLog();
//   log.push(events);        // as they come; throws LogMismatch where they do not follow what is there
//   log.now                  // the moment after the last event
//   log.at(index)            // the moment after the first `index` events; valid until the next call
//
// Makes the same changes as the engine's own tree (engine/tree.py). Moments share their nodes and copy one
// when it changes; a kept moment every few hundred events makes going back as cheap as going on. Knows no
// document and no clock.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const KEEP_EVERY = 400; // events from one kept moment to the next
  const QUIET = new Set(['tokens', 'visited']); // events that are no stop of the scrubber
  let stamps = 0;

  class LogMismatch extends Error {}

  /** All nodes after `index` events; `nodes[id]` is the node of that id. */
  class Moment {
    constructor() {
      this.nodes = [];
      this.index = 0;
      this.at_s = 0;
      this.answered = null; // id of the node that the run answers with
      this.isEnded = false;
      this.pruned = 0; // nodes with that status
      this.growing = 0;
      this.tokens = 0; // generated, of all nodes
      this.stamp = ++stamps; // nodes with this stamp are this moment's own
    }

    /** The same moment once more. From now on each of the two copies a node before it changes it. */
    share() {
      const other = Object.assign(new Moment(), this, { nodes: this.nodes.slice(), stamp: ++stamps });
      this.stamp = ++stamps;
      return other;
    }

    own(id) {
      const node = this.nodes[id];
      if (!node) throw new LogMismatch(`There is no node ${id} yet.`);
      if (node.stamp === this.stamp) return node;
      const copy = { ...node, stamp: this.stamp };
      for (const name of ['pieces', 'token_logprobs', 'token_confidences', 'decisions']) copy[name] = node[name].slice();
      for (const name of ['scores', 'step_scores', 'search']) copy[name] = { ...node[name] };
      this.nodes[id] = copy;
      return copy;
    }

    add(id, { parent, kind, instruction, thinking, forced = '', struck = 0 }, at_s) {
      if (id !== this.nodes.length) throw new LogMismatch(`Node ${id} comes after ${this.nodes.length - 1}.`);
      this.growing += 1;
      this.nodes.push({
        id, parent, kind, instruction, thinking, forced, struck, text: forced, tokens: 0, logprob: 0, confidence: null, pieces: [],
        token_logprobs: [], token_confidences: [], scores: {}, step_scores: {}, search: {}, status: 'growing', reason: '', answer: null,
        is_final: false, created_s: at_s, finished_s: null,
        decisions: [], // every status it had, with reason and time
        version: 0, // counts its changes
        stamp: this.stamp,
      });
    }

    settle(node, status, reason, at_s) {
      if (node.status === 'pruned') this.pruned -= 1;
      if (node.status === 'growing') this.growing -= 1;
      if (status === 'pruned') this.pruned += 1;
      node.status = status;
      node.reason = reason;
      node.decisions.push({ status, reason, at_s });
    }

    apply({ kind, node: id, data, at_s }) {
      this.index += 1;
      this.at_s = at_s;
      if (kind === 'ended') this.isEnded = true;
      if (id === null || kind === 'ended') return;
      if (kind === 'added') {
        this.add(id, data, at_s);
        return;
      }
      const node = this.own(id);
      node.version += 1;
      if (kind === 'tokens') {
        node.pieces.push(...data.pieces);
        node.token_logprobs.push(...data.logprobs);
        node.token_confidences.push(...(data.confidences || []));
        node.text += data.pieces.join('');
        node.tokens += data.pieces.length;
        for (const logprob of data.logprobs) node.logprob += logprob;
        this.tokens += data.pieces.length;
      } else if (kind === 'finished') {
        Object.assign(node, { text: data.text, is_final: data.is_final, confidence: data.confidence, answer: data.answer });
        node.finished_s = at_s;
        this.settle(node, 'finished', data.reason, at_s);
      } else if (kind === 'scored') {
        node.scores[data.by] = data.value;
        if (data.steps !== null) node.step_scores[data.by] = data.steps;
      } else if (kind === 'visited') {
        Object.assign(node.search, data.search);
      } else if (kind === 'judged') {
        if (data.status === 'aborted') node.finished_s = at_s;
        this.settle(node, data.status, data.reason, at_s);
      } else if (kind === 'answered') {
        this.answered = id;
      }
    }
  }

  class RunLog {
    constructor() {
      this.events = [];
      this.now = new Moment();
      this.kept = []; // moments, KEEP_EVERY events apart
      this.past = null; // the moment last asked for
      this.stops = []; // indices after each event that a person would see
    }

    /** Takes the next events; those that are known already are passed over. */
    push(events) {
      for (const event of events) {
        if (event.seq < this.events.length) continue;
        if (event.seq > this.events.length) throw new LogMismatch(`Event ${event.seq} comes after ${this.events.length - 1}.`);
        this.now.apply(event);
        this.events.push(event);
        if (this.now.index > 1 && !QUIET.has(event.kind)) this.stops.push(this.now.index);
        if (this.now.index % KEEP_EVERY === 0) this.kept.push(this.now.share());
      }
    }

    /** Seconds from the start of the run to its last event. */
    get end_s() {
      return this.now.at_s;
    }

    /** The moment after the first `index` events. */
    at(index) {
      if (index >= this.events.length) return this.now;
      const known = this.kept[Math.floor(index / KEEP_EVERY) - 1];
      const isNear = this.past && this.past.index <= index && this.past.index >= (known ? known.index : 0);
      if (!isNear) this.past = known ? known.share() : new Moment();
      while (this.past.index < index) this.past.apply(this.events[this.past.index]);
      return this.past;
    }

    /** How many events had happened at `seconds`. */
    indexAt(seconds) {
      return countUpTo(this.events, (event) => event.at_s, seconds);
    }

    // ---- the scrubber's places: after each stop, and at the very end

    get places() {
      const last = this.stops[this.stops.length - 1];
      return this.stops.length + (last !== this.events.length && this.events.length > 1 ? 1 : 0);
    }

    indexOf(place) {
      return place < this.stops.length ? this.stops[place] : this.events.length;
    }

    placeOf(index) {
      if (index >= this.events.length) return Math.max(0, this.places - 1);
      return Math.max(0, countUpTo(this.stops, (stop) => stop, index) - 1);
    }
  }

  // How many of the rising values are at most `limit`.
  function countUpTo(list, valueOf, limit) {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (valueOf(list[middle]) <= limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  Object.assign(ponder, { RunLog, LogMismatch });
})();
