"""Every format gives back the run it was made from; a file that holds no sound run gets one sentence."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet

from app import run_feed
from app.exchange import FORMATS, reading
from engine.errors import BadInput
from engine.runs import Run
from engine.strategies import STRATEGIES
from tests.engine.scripted import PUZZLE, run, spec


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [run(spec(name, PUZZLE, max_tokens=300)) for name in STRATEGIES]


def plain(made: Run) -> dict[str, Any]:
    return json.loads(json.dumps(made.record()))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_run_back(name: str, runs: list[Run]) -> None:
    for made in runs:
        content = FORMATS[name].write([made])
        assert [plain(again) for again in reading.read(content)] == [plain(made)], made.spec.strategy


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.holds_many])
def test_several_runs_in_one_file(name: str, runs: list[Run]) -> None:
    again = reading.read(FORMATS[name].write(runs))
    assert [plain(made) for made in again] == [plain(made) for made in runs]


@pytest.mark.parametrize("name", ["jsonl", "html"])
def test_a_log_is_kept_event_by_event(name: str, runs: list[Run]) -> None:
    [again] = reading.read(FORMATS[name].write([runs[-1]]))
    assert again.tree.events == runs[-1].tree.events


def test_records_of_the_command_line_are_read(runs: list[Run]) -> None:
    lines = "\n".join(json.dumps(made.record()) for made in runs)
    assert [made.id for made in reading.read(lines.encode())] == [made.id for made in runs]


def test_texts_that_are_formulas_come_back_whole(runs: list[Run]) -> None:
    made = run(spec("direct", PUZZLE))
    for text in ("=1+1", "'=1", "-3", "@x", 'plain, "quoted"\nlines'):
        made.tree.finish(made.tree.nodes[1], text=text, is_final=True, answer=text)
        content = FORMATS["csv"].write([made])
        assert b"\n=" not in content and b",=" not in content
        [again] = reading.read(content)
        assert again.tree.nodes[1].text == text


def test_the_replay_holds_no_markup_of_a_model() -> None:
    made = run(spec("direct", PUZZLE))
    made.tree.finish(made.tree.nodes[1], text="</script><img src=x onerror=alert(1)><!--", is_final=True)
    page = FORMATS["html"].write([made]).decode()
    assert "<img" not in page
    assert page.count("</script>") == page.count("<script")
    assert "default-src 'none'" in page and "<link" not in page and "<script src" not in page
    [again] = reading.read(page.encode())
    assert again.tree.nodes[1].text == made.tree.nodes[1].text


def changed(record: dict[str, Any], path: list[Any], value: Any) -> bytes:
    record = json.loads(json.dumps(record))
    at = record
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["id"], "../../etc", "none of Ponder's"),
        (["status"], "running", "that is over"),
        (["problem"], None, "problem must be text"),
        (["params"], [1], "params must be an object"),
        (["seed"], "7", "seed must be a whole number"),
        (["budget"], {"max_hours": 3}, "'max_hours'"),
        (["budget"], {"max_tokens": -3}, "more than 0"),
        (["answer_node"], 10**9, "which it has not"),
        (["nodes"], [], "no nodes"),
        (["nodes", 1, "parent"], 1, "no parent among those before it"),
        (["nodes", 1, "id"], 7, "not where it should be"),
        (["nodes", 1, "status"], "odd", "unknown kind or status"),
        (["nodes", 1, "token_logprobs"], ["x"], "must be a number"),
        (["nodes", 1, "scores"], {"verifier": float("nan")}, "must be a number"),
        (["created_at"], "yesterday", "no date"),
    ],
)
def test_a_record_that_is_not_sound_is_refused(runs: list[Run], path: list, value: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        reading.read(changed(runs[0].record(), path, value))


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("finished", "text", 7),
        ("finished", "answer", ["x"]),
        ("tokens", "pieces", [1, 2]),
        ("tokens", "logprobs", ["x"]),
        ("tokens", "logprobs", []),
        ("added", "struck", "many"),
        ("added", "parent", 99),
        ("judged", "status", "adored"),
        ("scored", "value", float("inf")),
        ("visited", "search", 3),
    ],
)
def test_a_log_that_is_not_sound_is_refused(runs: list[Run], kind: str, name: str, value: Any) -> None:
    searched = next(made for made in runs if made.spec.strategy == "mcts")
    lines = FORMATS["jsonl"].write([searched]).decode().splitlines()
    at = max(i for i, line in enumerate(lines) if json.loads(line).get("kind") == kind)
    event = json.loads(lines[at])
    event["data"][name] = value
    lines[at] = json.dumps(event)
    with pytest.raises(BadInput):
        reading.read("\n".join(lines).encode())


NO_EXPORTS = [
    b"",
    b"hello",
    b"\xff\xfe",
    b"PAR1 and nothing",
    b"<p>hello</p>",
    b"{",
    b"[1, 2]",
    b"{}",
    b"run,id\n1,2\n",
    b'{"run": {}}\n{"seq": 0}',
    b'<script type="application/json" id="ponder-run">{}</script>',
    b"[" * 100_000,
]


def test_a_small_table_that_unpacks_to_a_large_one_is_refused() -> None:
    text = "x" * 60_000
    for column in ([text] * 9_000, [[text] * 9] * 1_000):
        file = io.BytesIO()
        parquet.write_table(arrow.table({"text": column}), file, compression="zstd")
        assert len(file.getvalue()) < 100_000
        with pytest.raises(BadInput, match="unpacks to 540 MB"):
            reading.read(file.getvalue())


def test_columns_that_are_not_ponders_are_not_read(runs: list[Run]) -> None:
    table = parquet.read_table(io.BytesIO(FORMATS["parquet"].write([runs[0]])))
    file = io.BytesIO()
    parquet.write_table(table.append_column("mine", [[[[1]]] * len(table)]), file)
    assert [plain(again) for again in reading.read(file.getvalue())] == [plain(runs[0])]


def test_a_tree_that_is_too_deep_is_refused(runs: list[Run]) -> None:
    record = plain(runs[0])
    last = record["nodes"][-1]
    for _ in range(1_001):
        place = len(record["nodes"])
        record["nodes"].append(last | {"id": place, "parent": place - 1})
    with pytest.raises(BadInput, match="1,000 nodes deep"):
        reading.read(json.dumps(record).encode())


@pytest.mark.parametrize(
    ("task", "problem"),
    [("chess", PUZZLE), ("countdown", "Twice two?"), ("story", "Twice two?"), ("code", "def f(): ...")],
)
def test_a_run_of_a_family_that_is_not_read_here_is_shown_without_verdicts(
    runs: list[Run], task: str, problem: str
) -> None:
    record = plain(runs[0]) | {"task": task, "problem": problem, "tests": None}
    record["nodes"][0]["text"] = problem
    [again] = reading.read(json.dumps(record).encode())
    assert again.spec.task == task and again.is_correct == runs[0].is_correct
    [candidate] = json.loads(run_feed.reply(again, 0))["run"]["candidates"]
    assert candidate["is_correct"] is None


@pytest.mark.parametrize("content", NO_EXPORTS, ids=range(len(NO_EXPORTS)))
def test_what_is_no_export_gets_one_sentence(content: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        reading.read(content)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
