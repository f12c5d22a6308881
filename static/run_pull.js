// Follows one run on the server: asks for its events since a cursor until it is over, and keeps their log.
//
// Knows when to ask again: soon while the run goes, seldom while nobody looks or the server does not answer,
// never once it is over. Knows nothing of what is shown.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const LIVE_MS = 180;
  const HIDDEN_MS = 2500;
  const TROUBLE_MS = [500, 1000, 2000, 4000, 8000];
  const NO_ANSWER = 'Ponder does not answer. What was shown so far stays here; this page keeps asking. Check that the program still runs.';
  const UNREADABLE = 'The record of this run cannot be read. Press Run to make a new one.';

  class RunPull {
    /**
     * `ask({run, cursor})` resolves to the reply as JSON text. `onChange()`: log or head are newer.
     * `onTrouble(sentence, isLost)`: asking failed ("" once it works again); `isLost`: it will not be asked again.
     */
    constructor(ask, { onChange, onTrouble }) {
      this.ask = ask;
      this.onChange = onChange;
      this.onTrouble = onTrouble;
      this.turn = 0; // replies to an earlier turn are dropped
      this.forget();
      this.wake = () => {};
      document.addEventListener('visibilitychange', () => document.hidden || this.wake());
    }

    forget() {
      this.head = null;
      this.startAgain();
    }

    follow(run) {
      this.turn += 1;
      this.forget();
      this.wake();
      this.loop(run, this.turn);
    }

    async loop(run, turn) {
      let failures = 0;
      let isSecondTry = false;
      while (turn === this.turn) {
        let reply;
        try {
          reply = JSON.parse(await this.ask({ run, cursor: this.cursor }));
        } catch (_) {
          if (turn !== this.turn) return;
          this.onTrouble(NO_ANSWER, false);
          await this.wait(TROUBLE_MS[Math.min(failures++, TROUBLE_MS.length - 1)]);
          continue;
        }
        if (turn !== this.turn) return;
        if (reply.error) {
          this.onTrouble(reply.error, true);
          return;
        }
        const wasSilent = failures > 0;
        failures = 0;
        if (wasSilent) {
          this.onTrouble('', false);
          if (this.cursor) {
            this.startAgain(); // another process may answer now, which numbers the stored events anew
            continue;
          }
        }
        const before = this.cursor;
        if (!this.take(reply, isSecondTry)) {
          if (isSecondTry) {
            this.onTrouble(UNREADABLE, true);
            return;
          }
          isSecondTry = true;
          this.startAgain();
          continue;
        }
        this.onChange();
        if (this.head.is_over) return;
        const isMore = this.cursor - before >= 5000; // the server sends so many at once; there may be more
        await this.wait(isMore ? 0 : document.hidden ? HIDDEN_MS : LIVE_MS);
      }
    }

    startAgain() {
      this.log = new ponder.RunLog();
      this.candidates = new Map(); // by node; a reply of a running run tells only of those that changed
      this.cursor = 0;
    }

    // False where the reply does not follow what is known: then all must be asked for again, once.
    take(reply, isSecondTry) {
      try {
        this.log.push(reply.events);
      } catch (error) {
        if (error instanceof ponder.LogMismatch) return false;
        throw error;
      }
      if (reply.run.is_over && !this.log.now.isEnded && !isSecondTry) return false;
      this.cursor = reply.next;
      for (const candidate of reply.run.candidates) this.candidates.set(candidate.node, candidate);
      this.head = { ...reply.run, candidates: [...this.candidates.values()] };
      return true;
    }

    wait(ms) {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  ponder.RunPull = RunPull;
})();
