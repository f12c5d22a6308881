"""How to use Ponder from a script: snippets that run as they are. ADDRESS becomes the page's own address."""

from __future__ import annotations

ADDRESS = "http://127.0.0.1:7860/"

SNIPPETS = {
    "Run one strategy": f"""\
from gradio_client import Client

ponder = Client("{ADDRESS}")
run = ponder.predict(
    "Use 4 5 6 10 to make 24.",
    strategy="mcts",
    params={{"rollouts": 32}},
    budget={{"max_tokens": 2000}},
    seed=1,
    api_name="/run",
)
print(run["answer"], run["is_correct"], run["usage"]["generated_tokens"])""",
    "Watch it while it runs": f"""\
from gradio_client import Client

job = Client("{ADDRESS}").submit(
    "Use 4 5 6 10 to make 24.", strategy="mcts", api_name="/run"
)
for update in job:  # the last one is the whole record
    print(update["status"], update.get("spent_tokens"))""",
    "Compare strategies under one budget": f"""\
from gradio_client import Client

found = Client("{ADDRESS}").predict(
    "Use 4 5 6 10 to make 24.",
    lanes=["self_consistency", {{"strategy": "best_of_n", "params": {{"n": 16}}}}],
    budget={{"max_tokens": 2000}},
    api_name="/compare",
)
for lane in found["lanes"]:
    print(lane["strategy"], lane["answer"], lane["is_correct"])
print(found["page"])  # the same comparison as a page""",
    "Find a run again, and list the strategies": f"""\
from gradio_client import Client

ponder = Client("{ADDRESS}")
started = ponder.predict("Compute (3 + 4) * 5.", wait=False, api_name="/run")
record = ponder.predict(started["id"], api_name="/get_run")
for strategy in ponder.predict(api_name="/list_strategies"):
    print(strategy["name"], [knob["name"] for knob in strategy["parameters"]])""",
    "By HTTP alone": f"""\
event=$(curl -s {ADDRESS}gradio_api/call/list_strategies -H 'Content-Type: application/json' \\
  -d '{{"data": []}}' | sed 's/.*"event_id":"\\([^"]*\\)".*/\\1/')
curl -sN {ADDRESS}gradio_api/call/list_strategies/$event""",
    "On the command line": """\
python app.py run "Use 4 5 6 10 to make 24." --strategy mcts --set rollouts=32 --max-tokens 2000 --json
python app.py run --file problems.jsonl --strategy best_of_n --set n=16 > records.jsonl""",
}
