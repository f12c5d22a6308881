// What was foretold before the run, beside what it took: tokens, seconds, dollars.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const { make, reveal } = ponder;

  function difference(expected, taken) {
    if (!expected || !taken) return '';
    const percent = Math.round(100 * (taken / expected - 1));
    return percent === 0 ? '±0 %' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`;
  }

  class Forecast {
    constructor(find) {
      this.section = find('forecast');
      this.rows = find('forecast-rows');
      this.said = '';
    }

    show({ head, isAtEnd }) {
      const { forecast, usage } = head;
      reveal(this.section, Boolean(forecast));
      if (!forecast) return;
      const { whole, seconds, dollars } = ponder.runWords;
      const spent = usage.generated_tokens + usage.discarded_tokens + usage.scorer_tokens;
      const isOver = head.is_over && isAtEnd;
      const lines = [
        ['tokens', forecast.tokens, spent, whole],
        ['time', forecast.seconds, usage.seconds, seconds],
        ['dollars', forecast.usd, usage.usd, dollars],
      ].map(([name, expected, taken, say]) => [
        name,
        expected === null || expected === undefined ? 'not known yet' : `about ${say(expected)}`,
        isOver ? say(taken) : '…',
        isOver ? difference(expected, taken) : '',
      ]);
      const said = lines.join();
      if (said === this.said) return;
      this.said = said;
      this.rows.replaceChildren(...lines.map(([name, expected, taken, off]) => {
        const row = make('tr');
        const heading = make('th', '', name);
        heading.scope = 'row';
        row.append(heading, make('td', '', expected), make('td', '', taken), make('td', 'rv-soft', off));
        return row;
      }));
    }
  }

  ponder.RunForecast = Forecast;
})();
