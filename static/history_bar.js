// What is done with several runs at once: compare, export, star, delete; and files that come in.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const FEWEST = 2; // runs that the Compare page shows side by side
  const MOST = 4;

  class Bar {
    constructor(find, history) {
      this.history = history;
      this.runs = [];
      this.bar = find('.hs-bar');
      this.count = find('.hs-chosen');
      this.compare = find('.hs-compare');
      this.format = find('.hs-format');
      this.said = find('.hs-said');
      find('.hs-clear').addEventListener('click', () => history.clear());
      find('.hs-delete-all').addEventListener('click', () => history.remove(this.runs));
      find('.hs-export').addEventListener('click', () => this.save());
      this.compare.addEventListener('click', (event) => {
        if (this.compare.getAttribute('aria-disabled') === 'true') event.preventDefault();
      });
      const input = find('.hs-import input');
      find('.hs-import button').addEventListener('click', () => input.click());
      input.addEventListener('change', async () => {
        await history.importFiles([...input.files]);
        input.value = '';
      });
      this.catchFiles(find('.hs-page'), find('.hs-drop'));
    }

    catchFiles(page, cover) {
      const holdsFile = (event) => Boolean(event.dataTransfer) && [...event.dataTransfer.types].includes('Files');
      let depth = 0;
      const on = (name, act) => window.addEventListener(name, (event) => holdsFile(event) && act(event));
      on('dragenter', () => reveal(cover, (depth += 1) > 0));
      on('dragleave', () => reveal(cover, (depth = Math.max(0, depth - 1)) > 0));
      on('dragover', (event) => event.preventDefault());
      on('drop', (event) => {
        event.preventDefault();
        depth = 0;
        reveal(cover, false);
        this.history.importFiles([...event.dataTransfer.files]);
      });
    }

    show(runs) {
      this.runs = runs;
      reveal(this.bar, runs.length > 0);
      if (!runs.length) return;
      const canCompare = runs.length >= FEWEST && runs.length <= MOST;
      const hint = canCompare ? '' : ` (${FEWEST} to ${MOST} can be compared)`;
      write(this.count, `${runs.length === 1 ? '1 run' : `${runs.length} runs`} selected${hint}`);
      this.compare.setAttribute('aria-disabled', String(!canCompare));
      if (canCompare) this.compare.href = `compare?runs=${runs.map((run) => encodeURIComponent(run.id)).join(',')}`;
      else this.compare.removeAttribute('href');
      const html = [...this.format.options].find((option) => option.value === 'html');
      html.disabled = runs.length > 1; // one file, one replay
      if (html.disabled && this.format.value === 'html') this.format.value = 'json';
    }

    async save() {
      const error = await this.history.exportAs(this.runs, this.format.value);
      this.history.say(error);
      this.tell(error ? '' : `Saved ${this.runs.length === 1 ? 'the run' : `${this.runs.length} runs`}.`);
    }

    tell(sentence) {
      write(this.said, sentence);
      reveal(this.said, Boolean(sentence));
    }
  }

  ponder.HistoryBar = Bar;
})();
