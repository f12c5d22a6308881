// The fields of one lane's settings, made from the registry of strategies.
//
//   const settings = new ponder.CompareSettings(element, models, onEdit);
//   settings.show({strategy, model, params}, parameters);      // onEdit({model}) or onEdit({params})
//
// What was typed stays as it is: the server says what is wrong with it. Knows no run.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make } = ponder;
  let fields = 0;

  class CompareSettings {
    constructor(element, models, onEdit) {
      this.element = element;
      this.models = models;
      this.onEdit = onEdit;
    }

    /** The name of a field that holds something, but no number; null where there is none. */
    get unread() {
      const input = [...this.element.querySelectorAll('input')].find(({ validity }) => validity.badInput);
      return input ? input.getAttribute('aria-label') : null;
    }

    show(lane, parameters) {
      this.params = { ...lane.params };
      const model = select(this.models, lane.model, (value) => this.onEdit({ model: value }));
      this.element.replaceChildren(
        field('model', 'Which model this lane asks.', model),
        ...parameters.map((one) => field(one.name.replaceAll('_', ' '), one.meaning, this.control(one))),
      );
    }

    control(parameter) {
      const { name, type } = parameter;
      const value = name in this.params ? this.params[name] : parameter.default;
      if (type === 'choice') {
        const options = parameter.choices.map((word) => [word, ponder.compareDifferences.said(word)]);
        return select(options, value, (chosen) => this.set(parameter, chosen));
      }
      const input = make('input');
      if (type === 'bool') {
        input.type = 'checkbox';
        input.checked = value;
        input.addEventListener('change', () => this.set(parameter, input.checked));
        return input;
      }
      Object.assign(input, { type: 'number', min: parameter.minimum, max: parameter.maximum, step: type === 'int' ? 1 : 'any', value, placeholder: parameter.default });
      input.addEventListener('input', () => this.set(parameter, input.value === '' ? parameter.default : input.valueAsNumber));
      return input;
    }

    set(parameter, value) {
      if (value === parameter.default) delete this.params[parameter.name];
      else this.params[parameter.name] = value;
      this.onEdit({ params: { ...this.params } });
    }
  }

  function field(name, meaning, control) {
    const label = make('label', 'cp-field');
    const words = make('span', 'cp-field-meaning', meaning);
    words.id = `cp-meaning-${++fields}`;
    control.setAttribute('aria-describedby', words.id);
    control.setAttribute('aria-label', name);
    label.append(make('span', 'cp-field-name', name), control, words);
    return label;
  }

  /** A menu of [value, words]; a value that it lacks is added. */
  function select(options, value, onChange) {
    const menu = make('select');
    fill(menu, options, value);
    menu.addEventListener('change', () => onChange(menu.value));
    return menu;
  }

  function fill(menu, options, value) {
    const known = options.some(([one]) => one === value) ? options : [...options, [value, value]];
    menu.replaceChildren(...known.map(([one, words]) => {
      const option = make('option', '', words);
      option.value = one;
      return option;
    }));
    menu.value = value;
  }

  /** A group of radio buttons in `fieldset`, one for each word. */
  function segments(fieldset, words, chosen, onChange) {
    const name = `cp-segments-${++fields}`;
    fieldset.append(...words.map((word) => {
      const label = make('label');
      const input = make('input');
      Object.assign(input, { type: 'radio', name, value: word, checked: word === chosen });
      input.addEventListener('change', () => onChange(word));
      label.append(input, make('span', '', word));
      return label;
    }));
  }

  Object.assign(ponder, { CompareSettings, compareFields: { fill, segments } });
})();
