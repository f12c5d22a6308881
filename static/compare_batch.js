// A batch as it goes: how far it is, its figure, table and verdict; pause, resume, cancel; its runs.
//
//   const batch = new ponder.CompareBatch(find, { ask, source, onPlan, onLeave });
//   batch.open(id); batch.close();
//
// Asks the server about once a second while it goes, and not at all once it stands. `onPlan(plan)`: the
// settings it was started with, once after opening.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const { seconds: timeOf, counted } = ponder.runWords;
  const EVERY_MS = 900;
  const HIDDEN_MS = 5000;
  const TROUBLE_MS = 3000;
  const COSTS = { tokens: 'tokens', seconds: 'seconds', GFLOPs: 'gflops', dollars: 'usd' };
  const PARTS = ['batch', 'batch-body', 'batch-title', 'pause', 'resume', 'cancel', 'another', 'bar', 'progress', 'batch-trouble', 'costs', 'figure',
    'no-figure', 'table-title', 'rows', 'batch-headline', 'batch-rest', 'batch-caution', 'note', 'open-runs', 'export', 'copy', 'copied',
    'runs', 'runs-head', 'runs-rows'];

  class CompareBatch {
    constructor(find, { ask, source, onPlan, onLeave }) {
      Object.assign(this, { ask, onPlan });
      this.parts = Object.fromEntries(PARTS.map((name) => [name, find(name)]));
      const { parts } = this;
      this.figure = new ponder.PlotlyView(parts.figure, { source });
      this.cost = 'tokens';
      ponder.compareFields.segments(parts.costs, Object.keys(COSTS), 'tokens', (name) => {
        this.cost = COSTS[name];
        this.look();
      });
      for (const action of ['pause', 'resume', 'cancel']) parts[action].addEventListener('click', () => this.change(action));
      parts.another.addEventListener('click', onLeave);
      parts['open-runs'].addEventListener('click', () => this.showRuns(parts.runs.hidden));
      parts.export.addEventListener('click', () => this.export());
      parts.copy.addEventListener('click', () => this.copy());
      document.addEventListener('visibilitychange', () => document.hidden || this.look());
      this.id = null;
      this.turn = 0;
    }

    open(id) {
      this.close();
      this.id = id;
      this.isFresh = true;
      this.stamp = '';
      this.look();
    }

    close() {
      this.turn += 1;
      clearTimeout(this.timer);
      this.id = null;
      reveal(this.parts.batch, false);
      this.showRuns(false);
      this.say('');
    }

    async look() {
      if (!this.id) return;
      clearTimeout(this.timer);
      const turn = ++this.turn;
      const reply = await this.ask({ action: 'batch', id: this.id, cost: this.cost, stamp: this.stamp });
      if (turn !== this.turn) return;
      this.say(reply.error);
      reveal(this.parts.batch, true);
      if (reply.error) {
        if (reply.isSilent) this.timer = setTimeout(() => this.look(), TROUBLE_MS);
        else this.showLost();
        return;
      }
      this.show(reply);
      const isGoing = reply.state === 'running' || reply.flying > 0;
      if (isGoing) this.timer = setTimeout(() => this.look(), document.hidden ? HIDDEN_MS : EVERY_MS);
    }

    async change(action) {
      const reply = await this.ask({ action: `batch_${action}`, id: this.id });
      await this.look();
      if (reply.error) this.say(reply.error);
    }

    say(sentence) {
      write(this.parts['batch-trouble'], sentence || '');
      reveal(this.parts['batch-trouble'], Boolean(sentence));
    }

    // ---- drawing

    show(reply) {
      const { parts } = this;
      const { state, is_ours: isOurs } = reply;
      const isEnded = state === 'finished' || state === 'cancelled';
      const focused = document.activeElement;
      reveal(parts.pause, isOurs && state === 'running');
      reveal(parts.resume, isOurs && (state === 'paused' || state === 'interrupted'));
      reveal(parts.cancel, isOurs && !isEnded);
      reveal(parts.another, isEnded || state !== 'running');
      if (focused && focused.hidden) (parts.pause.hidden ? (parts.resume.hidden ? parts.another : parts.resume) : parts.pause).focus();
      for (const name of ['bar', 'batch-body']) reveal(parts[name], true);
      parts.bar.max = reply.cells;
      parts.bar.value = reply.done;
      if (reply.stamp !== this.stamp) this.showResults(reply);
      this.stamp = reply.stamp;
      write(parts.progress, this.progressWords(reply));
    }

    progressWords({ state, reason, done, cells, failed, seconds, seconds_left: left, flying, is_ours: isOurs }) {
      const words = [`${this.complete.toLocaleString('en')} of ${counted(this.problems, 'problem')}`, `${done.toLocaleString('en')} of ${counted(cells, 'run')}`, timeOf(seconds)];
      if (failed) words.push(`${failed} failed`);
      if (state === 'running' && left !== null) words.push(`about ${timeOf(left)} left`);
      if (state === 'running' && !isOurs) words.push('another Ponder on this machine runs it');
      if (state !== 'running' && flying) words.push(`${counted(flying, 'run')} under way will end and count`);
      const line = words.join(' · ');
      if (state === 'running' || state === 'finished') return line;
      return `${line}. ${reason}`;
    }

    showLost() {
      const { parts } = this;
      write(parts['batch-title'], 'Batch');
      for (const name of ['bar', 'batch-body']) reveal(parts[name], false);
      reveal(parts.another, true);
    }

    showResults(reply) {
      const { parts } = this;
      this.complete = reply.complete;
      this.problems = reply.problems;
      write(parts['batch-title'], `Batch · ${reply.title} · ${reply.budget} each`);
      write(parts['table-title'], `At ${reply.budget}`);
      ponder.compareTables.laneRows(parts.rows, reply.lanes);
      this.figure.show(reply.figure);
      reveal(parts['no-figure'], !reply.figure);
      reveal(parts.figure, Boolean(reply.figure));
      const { headline, rest, caution } = reply.verdict;
      write(parts['batch-headline'], headline);
      write(parts['batch-rest'], rest);
      write(parts['batch-caution'], caution);
      write(parts.note, reply.note);
      if (!parts.runs.hidden) this.showRuns(true);
      if (this.isFresh) this.onPlan(reply.plan);
      this.isFresh = false;
    }

    // ---- its runs

    async showRuns(isShown) {
      const { parts } = this;
      reveal(parts.runs, isShown);
      parts['open-runs'].setAttribute('aria-expanded', String(isShown));
      if (!isShown || !this.id) return;
      const reply = await this.ask({ action: 'problems', id: this.id });
      if (reply.error) this.say(reply.error);
      else ponder.compareTables.problemRows(parts['runs-head'], parts['runs-rows'], reply);
    }

    async export() {
      const reply = await this.ask({ action: 'export', id: this.id });
      if (reply.error) {
        this.say(reply.error);
        return;
      }
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([reply.csv], { type: 'text/csv' }));
      link.download = `ponder-batch-${this.id}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    }

    async copy() {
      const address = new URL(`${window.location.pathname}?batch=${encodeURIComponent(this.id)}`, window.location.origin).href;
      try {
        await navigator.clipboard.writeText(address);
        write(this.parts.copied, 'Copied.');
      } catch (_) {
        write(this.parts.copied, address);
      }
    }
  }

  ponder.CompareBatch = CompareBatch;
})();
