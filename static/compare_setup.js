// What every lane shares: problem, model, seed, and the one matched budget.
//
//   const setup = new ponder.CompareSetup(find, choices, { ask, onEdit, onModel });
//   setup.show({problem, expected, seed, unit, amount, models}); setup.read(); setup.say(sentence);
//
// `onEdit()`: something changed; `onModel(name)`: a model for all lanes. What was typed stays, whatever it is.
// Knows no lane and no run.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { write, reveal } = ponder;
  const MIXED = ''; // lanes have different models
  const DESCRIBE_MS = 250;

  class CompareSetup {
    constructor(find, choices, { ask, onEdit, onModel }) {
      this.choices = choices;
      this.ask = ask;
      this.onEdit = onEdit;
      this.parts = Object.fromEntries(['problem', 'about', 'expected', 'expected-field', 'seed', 'amount', 'unit-words', 'units', 'model', 'error']
        .map((name) => [name, find(name)]));
      this.unit = 'tokens';
      this.family = 'countdown';
      this.difficulty = 4;
      this.tests = null; // of an opened run's program
      const { parts } = this;
      ponder.compareFields.segments(parts.units, Object.keys(choices.units), this.unit, (unit) => this.changeUnit(unit));
      ponder.compareFields.fill(parts.model, choices.models, choices.model);
      parts.model.addEventListener('change', () => parts.model.value !== MIXED && onModel(parts.model.value));
      parts.problem.addEventListener('input', () => {
        this.tests = null;
        this.fit();
        this.describeSoon();
        onEdit();
      });
      for (const name of ['expected', 'seed', 'amount']) parts[name].addEventListener('input', () => onEdit());
      find('new-problem').addEventListener('click', () => this.take(0));
      find('easier').addEventListener('click', () => this.take(-1));
      find('harder').addEventListener('click', () => this.take(1));
      new ResizeObserver(() => this.fit()).observe(parts.problem.parentElement);
    }

    /** What a run of every lane shares; numbers that are none are null. */
    read() {
      const { problem, expected, seed, amount } = this.parts;
      const number = (input) => (Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null);
      return {
        problem: problem.value, expected: this.family ? '' : expected.value, seed: number(seed), unit: this.unit, amount: number(amount),
        ...(this.tests ? { tests: this.tests, task: 'code' } : {}),
      };
    }

    show({ problem, expected = '', seed, unit, amount, tests = null }) {
      const { parts } = this;
      parts.problem.value = problem;
      parts.expected.value = expected || '';
      parts.seed.value = seed;
      parts.amount.value = amount;
      this.tests = tests;
      this.setUnit(unit);
      this.fit();
      this.describe();
    }

    /** The model of all lanes, or none where they differ. */
    showModels(models) {
      const isMixed = new Set(models).size > 1;
      const options = isMixed ? [...this.choices.models, [MIXED, 'different models']] : this.choices.models;
      ponder.compareFields.fill(this.parts.model, options, isMixed ? MIXED : models[0]);
    }

    say(sentence) {
      write(this.parts.error, sentence || '');
      reveal(this.parts.error, Boolean(sentence));
    }

    changeUnit(unit) {
      this.setUnit(unit);
      this.parts.amount.value = this.choices.units[unit];
      this.onEdit();
    }

    setUnit(unit) {
      this.unit = unit;
      for (const input of this.parts.units.querySelectorAll('input')) input.checked = input.value === unit;
      write(this.parts['unit-words'], `${unit} each`);
    }

    // The box is as high as its words.
    fit() {
      const { problem } = this.parts;
      problem.style.height = 'auto';
      problem.style.height = `${problem.scrollHeight + 2}px`;
    }

    // ---- problems of a family

    describeSoon() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.describe(), DESCRIBE_MS);
    }

    async describe() {
      const text = this.parts.problem.value;
      const found = await this.ask({ action: 'describe', problem: text });
      if (text === this.parts.problem.value && !found.error) this.takeIn(found);
    }

    takeIn({ family, difficulty }) {
      const known = this.choices.families.find(({ name }) => name === family);
      if (known) Object.assign(this, { difficulty });
      this.isKnown = Boolean(known);
      this.family = family;
      const isEmpty = !this.parts.problem.value.trim();
      write(this.parts.about, known ? `${known.title}, ${difficulty} ${known.unit}` : isEmpty ? '' : 'Not a problem the bundled models know; another model may.');
      reveal(this.parts['expected-field'], !known && !isEmpty && !this.tests);
      if (this.onFamily && known) this.onFamily(family, difficulty);
    }

    async take(step) {
      const family = this.choices.families.find(({ name }) => name === this.family) || this.choices.families[0];
      const { difficulties } = family;
      const wanted = Math.max(difficulties[0], Math.min(difficulties[difficulties.length - 1], this.difficulty + step));
      const found = await this.ask({ action: 'problem', family: family.name, difficulty: wanted });
      if (found.error) {
        this.say(found.error);
        return;
      }
      this.tests = null;
      this.parts.problem.value = found.problem;
      this.takeIn(found);
      this.fit();
      this.onEdit();
    }
  }

  ponder.CompareSetup = CompareSetup;
})();
