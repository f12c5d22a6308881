// What sets each lane apart: only the settings that are not the same in all lanes.
//
// Reads lanes {strategy, model, params} and the strategies of the menus; touches no document.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const WORDS = { temperature: 'T', process_reward: 'process reward', self_evaluation: 'self-evaluation' };

  const said = (value) => WORDS[value] || String(value).replaceAll('_', ' ');

  /** All settings of a lane: defaults, and what was set. */
  function settingsOf({ strategy, params }, strategies) {
    const parameters = (strategies.get(strategy) || { parameters: [] }).parameters;
    const known = new Map(parameters.map((one) => [one.name, one.default]));
    for (const [name, value] of Object.entries(params)) known.set(name, value);
    return known;
  }

  /**
   * For each lane its own settings in words, [] where nothing sets it apart: those that another lane has
   * otherwise, and those that only it has and that were set.
   */
  function differences(lanes, strategies) {
    const all = lanes.map((lane) => settingsOf(lane, strategies));
    const isMixed = new Set(lanes.map(({ model }) => model)).size > 1;
    return lanes.map((lane, at) => {
      const words = isMixed ? [lane.model] : [];
      const parameters = (strategies.get(lane.strategy) || { parameters: [] }).parameters;
      for (const [name, value] of all[at]) {
        const others = all.filter((other, i) => i !== at && other.has(name)).map((other) => other.get(name));
        const differs = others.some((other) => other !== value);
        const usual = (parameters.find((one) => one.name === name) || {}).default;
        const isOwn = others.length === 0 && value !== usual;
        if (differs || isOwn) words.push(name === 'scorer' ? said(value) : `${said(name)} ${said(value)}`);
      }
      return words;
    });
  }

  ponder.compareDifferences = { settingsOf, differences, said };
})();
