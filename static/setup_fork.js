// The fork bar: shows from where the next run goes on, and lets a person give that up.
(() => {
  const ponder = (window.ponder = window.ponder || {});

  ponder.mountForkBar = (element, props, watch, trigger) => {
    const bar = () => element.querySelector('.pd-fork');
    const show = () => {
      const detail = props.value ? JSON.parse(props.value) : null;
      bar().hidden = !detail;
      if (detail) bar().querySelector('span').textContent = detail.words || `node ${detail.node}`;
    };
    const set = (detail) => {
      props.value = detail ? JSON.stringify(detail) : '';
      show();
      trigger('submit');
    };
    window.addEventListener('ponder:fork', (event) => {
      set(event.detail);
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      bar().scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'nearest' });
      bar().focus({ preventScroll: true });
    });
    element.addEventListener('click', (event) => {
      if (event.target.closest('.pd-fork-end')) set(null);
    });
    watch('value', show);
    show();
  };
})();
