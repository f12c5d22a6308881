// Several lanes, one request: what is asked within a moment goes to the server together.
//
//   const ask = ponder.askTogether(pull);      // pull({asks: [...]}) -> JSON text of {replies: [JSON text, ...]}
//   ask({run, cursor})                         // resolves to one reply as JSON text, for RunPull
//
// Knows no run.
(() => {
  const ponder = (window.ponder = window.ponder || {});
  const GATHER_MS = 15; // lanes that began together stay together

  ponder.askTogether = (pull) => {
    let waiting = [];
    let timer = 0;

    async function send() {
      const sent = waiting;
      waiting = [];
      timer = 0;
      try {
        const { replies, error } = JSON.parse(await pull({ asks: sent.map(({ asked }) => asked) }));
        if (error) throw new Error(error);
        sent.forEach(({ resolve }, i) => resolve(replies[i]));
      } catch (error) {
        for (const { reject } of sent) reject(error);
      }
    }

    return (asked) => new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject });
      timer = timer || setTimeout(send, GATHER_MS);
    });
  };
})();
