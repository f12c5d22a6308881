// What a batch is asked for: family, difficulty, how many problems, at which parts of the budget.
//
//   const form = new ponder.CompareBatchForm(find, choices, { ask, shared, mayStart, onStart });
//   form.suggest(family, difficulty); form.askCost(); form.listEarlier();
//
// `shared()` gives lanes, seed and budget as they stand on the page; `mayStart()` says whether they can be read.
// `onStart(id)`: a batch has begun.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, write, reveal } = ponder;
  const COST_MS = 300;

  class CompareBatchForm {
    constructor(find, choices, { ask, shared, mayStart, onStart }) {
      Object.assign(this, { choices, ask, shared, mayStart, onStart });
      this.parts = Object.fromEntries(['batch-form', 'family', 'difficulty', 'difficulty-unit', 'count', 'curve', 'batch-start', 'batch-cost', 'batch-error', 'earlier', 'earlier-list']
        .map((name) => [name, find(name)]));
      const { parts } = this;
      Object.assign(parts.count, { min: choices.batch.least, max: choices.batch.most });
      ponder.compareFields.fill(parts.family, choices.families.map(({ name, title }) => [name, title]), choices.families[0].name);
      this.showFamily(4);
      parts.family.addEventListener('change', () => {
        this.isChosen = true;
        this.showFamily(Number(parts.difficulty.value));
        this.askCost(true);
      });
      parts.difficulty.addEventListener('change', () => {
        this.isChosen = true;
      });
      for (const name of ['count', 'curve']) parts[name].addEventListener('input', () => this.askCost(true));
      parts['batch-start'].addEventListener('click', () => this.start());
    }

    showFamily(difficulty) {
      const { parts } = this;
      const { difficulties, unit } = this.choices.families.find(({ name }) => name === parts.family.value);
      const fitting = difficulties.includes(difficulty) ? difficulty : difficulties[Math.min(2, difficulties.length - 1)];
      ponder.compareFields.fill(parts.difficulty, difficulties.map((one) => [String(one), String(one)]), String(fitting));
      write(parts['difficulty-unit'], unit);
    }

    /** The problem above is of this family; followed until a person chooses another here. */
    suggest(family, difficulty) {
      if (this.isChosen) return;
      this.parts.family.value = family;
      this.showFamily(difficulty);
      this.askCost();
    }

    /** The settings of a batch that is shown. */
    show({ family, difficulty, count, curve }) {
      this.isChosen = true;
      this.parts.family.value = family;
      this.showFamily(difficulty);
      this.parts.count.value = count;
      this.parts.curve.value = curve;
    }

    read() {
      const { family, difficulty, count, curve } = this.parts;
      const many = count.valueAsNumber;
      return {
        ...this.shared(), family: family.value, difficulty: Number(difficulty.value), count: Number.isFinite(many) ? many : null,
        curve: curve.value,
      };
    }

    /** `isOwn`: it was asked for by a change here, so that what is wrong is said here and not where it was changed. */
    askCost(isOwn = false) {
      clearTimeout(this.timer);
      this.say('');
      this.timer = setTimeout(async () => {
        const found = await this.ask({ action: 'batch_cost', ...this.read() });
        write(this.parts['batch-cost'], found.words || '');
        if (isOwn && found.error) this.say(found.error);
      }, COST_MS);
    }

    async start() {
      if (!this.mayStart()) return;
      const button = this.parts['batch-start'];
      button.disabled = true;
      const found = await this.ask({ action: 'batch_start', ...this.read() });
      button.disabled = false;
      this.say(found.error);
      if (!found.error) this.onStart(found.id);
    }

    say(sentence) {
      write(this.parts['batch-error'], sentence || '');
      reveal(this.parts['batch-error'], Boolean(sentence));
    }

    async listEarlier() {
      const { batches = [] } = await this.ask({ action: 'batches' });
      reveal(this.parts.earlier, batches.length > 0);
      this.parts['earlier-list'].replaceChildren(...batches.map(({ id, title, lanes, state, created_at }) => {
        const item = make('li');
        const link = make('a', '', title);
        link.href = `compare?batch=${encodeURIComponent(id)}`;
        const when = new Date(created_at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
        item.append(link, make('span', 'cp-soft', `${lanes.join(', ')} · ${state} · ${when}`));
        return item;
      }));
    }
  }

  ponder.CompareBatchForm = CompareBatchForm;
})();
