// A run that grows by itself in the page: 100 nodes a pull up to `count`, three children a node, every third
// pruned. Counts what the page does meanwhile: window.layouts and window.updates, when the tree was laid out and
// the page redrawn; window.slowest, the longest time in ms that nothing else could happen; window.works, how long
// each piece of the page's own work took; and window.yardsticks, how long one fixed piece of work took at the
// same time, which says how much of it is the machine's.
(count) => {
  const events = [];
  const put = (kind, node, data) => events.push({ seq: events.length, at_s: events.length / 1000, kind, node, data });
  const grow = (id) => {
    const parent = id ? Math.floor((id - 1) / 3) : null;
    put('added', id, { parent, kind: id ? 'step' : 'question', instruction: '', thinking: null });
    if (id) put('tokens', id, { pieces: ['1 + ', String(id)], logprobs: [-0.1, -0.5] });
    const is_final = id > count * 0.7;
    const answer = is_final ? String(id % 50) : null;
    put('finished', id, { text: `1 + ${id}`, is_final, confidence: null, answer, reason: 'Done.' });
    if (id) put('scored', id, { by: 'process_reward', value: ((id * 37) % 100) / 100, steps: null });
    if (id % 3 === 2) put('judged', id, { status: 'pruned', reason: 'Third of three.' });
  };
  const asCandidate = ({ node, data }) => ({ node, answer: data.answer, score: 0.5, is_correct: false, tokens: 9 });
  const view = ponder.runView;
  const head = { ...view.head, id: 'large', answer: null, answer_node: null, params: { scorer: 'process_reward' } };
  let made = 0;
  view.pull.ask = async ({ cursor }) => {
    for (const until = Math.min(count, made + 100); made < until; made++) grow(made);
    const is_over = made === count;
    if (is_over && events.at(-1).kind !== 'ended') put('ended', null, { status: 'finished', reason: 'Done.' });
    const fresh = events.slice(cursor);
    const candidates = fresh.filter(({ kind, data }) => kind === 'finished' && data.is_final).map(asCandidate);
    const run = { ...head, candidates, is_over, status: is_over ? 'finished' : 'running' };
    return JSON.stringify({ events: fresh, next: events.length, run });
  };

  window.layouts = [];
  window.updates = [];
  window.works = [];
  const watch = (owner, name, times) => {
    const act = owner[name].bind(owner);
    owner[name] = (...given) => {
      const began = performance.now();
      times?.push(began);
      act(...given);
      window.works.push(performance.now() - began);
    };
  };
  watch(view.tree, 'layOutNow', window.layouts);
  watch(view.tree, 'drawAt', null);
  watch(view, 'draw', window.updates);

  window.yardsticks = [];
  const yardstick = () => {
    const began = performance.now();
    let sum = 0;
    for (let i = 0; i < 1e6; i++) sum += Math.sqrt(i % 1000);
    window.yardsticks.push(performance.now() - began + 0 * sum);
  };
  window.slowest = 0;
  let last = performance.now();
  let beats = 0;
  const beat = () => {
    window.slowest = Math.max(window.slowest, performance.now() - last);
    if (beats++ % 60 === 0) yardstick();
    last = performance.now();
    setTimeout(beat, 0);
  };
  beat();
  view.open({ run: 'large', node: null });
}
