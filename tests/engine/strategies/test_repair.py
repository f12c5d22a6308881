"""Repair: draft, failure, revision, until the check passes."""

from __future__ import annotations

import pytest

from engine.requests import TURN, Check, Expand
from engine.strategies.repair import repair
from engine.tasks.problem import Problem
from engine.tree import Kind, Node, Tree
from tests.engine.scripted import FREE, SUM, run, spec


def grow(parent: Node, text: str, kind: Kind = "step") -> Node:
    node = parent.tree.add(parent, kind)
    parent.tree.append(node, [text, ""], [-0.1, -0.1])
    parent.tree.finish(node, is_final=True, answer=text)
    return node


def find(draft: Node, message: str, is_passed: bool | None) -> Node:
    node = draft.tree.add(draft, "execution")
    draft.tree.finish(node, text=message, is_final=False)
    if is_passed is not None:
        draft.tree.score(draft, "check", float(is_passed))
        draft.tree.score(node, "check", float(is_passed))
    return node


def endless(parent: Node) -> Node:
    node = parent.tree.add(parent)
    parent.tree.append(node, ["and so on"], [-0.1])
    parent.tree.finish(node, is_final=False)
    return node


def test_the_exact_failure_goes_back_to_the_model_until_a_draft_passes() -> None:
    root = Tree("?", Problem("?")).root
    search = repair(root, rounds=2, width=1)
    asked = next(search)
    assert isinstance(asked, Expand)
    assert (asked.n, asked.stop, asked.thinking) == (1, TURN, True)
    draft = grow(root, "23")
    assert search.send([draft]) == Check([draft])
    failure = find(draft, "17 + 5 = 22, not 23.", False)
    asked = search.send([failure])
    assert isinstance(asked, Expand)
    assert (list(asked.nodes), asked.kind, asked.instruction) == ([failure], "revision", "repair")
    assert (draft.status, draft.reason) == ("pruned", "It fails its check: 17 + 5 = 22, not 23.")
    revision = grow(failure, "22", "revision")
    assert search.send([revision]) == Check([revision])
    with pytest.raises(StopIteration) as stop:
        search.send([find(revision, "It keeps every rule.", True)])
    assert stop.value.value is revision


def test_equal_drafts_are_checked_once_and_rewritten_to_the_full_width() -> None:
    root = Tree("?", Problem("?")).root
    search = repair(root, width=4)
    next(search)
    first, twin, other = grow(root, "a"), grow(root, "a"), grow(root, "b")
    assert search.send([first, twin, other]) == Check([first, other])
    failures = [find(first, "no", False), find(other, "no", False)]
    asked = search.send(failures)
    assert isinstance(asked, Expand)
    assert list(asked.nodes) == [failures[0]] * 2 + [failures[1]] * 2


def test_nothing_is_rewritten_where_nothing_can_be_checked() -> None:
    root = Tree("?", Problem("?")).root
    search = repair(root, width=1)
    next(search)
    draft = grow(root, "Paris")
    search.send([draft])
    with pytest.raises(StopIteration) as stop:
        search.send([find(draft, "It states no equation.", None)])
    assert stop.value.value is draft
    assert "can be checked" in draft.reason


@pytest.mark.parametrize("is_fork", [False, True])
def test_what_comes_to_no_end_is_written_again(is_fork: bool) -> None:
    root = Tree("?", Problem("?")).root
    if is_fork:  # the strategy starts from a step that was copied
        root = grow(root, "17 + 5 = 22")
    search = repair(root, width=1)
    next(search)
    assert search.send([endless(root)]) == Check([])
    asked = search.send([])
    assert isinstance(asked, Expand) and (list(asked.nodes), asked.instruction) == ([root], "")
    draft = grow(root, "23")
    search.send([draft])
    failure = find(draft, "17 + 5 = 22, not 23.", False)
    search.send([failure])
    lost = endless(failure)
    assert search.send([lost]) == Check([])
    asked = search.send([])
    assert isinstance(asked, Expand) and (list(asked.nodes), asked.instruction) == ([failure], "repair")
    assert (lost.status, lost.reason) == ("pruned", "It came to no end.")


def test_what_was_cut_off_keeps_its_own_reason() -> None:
    root = Tree("?", Problem("?")).root
    search = repair(root, width=1)
    next(search)
    draft = endless(root)
    root.tree.abort(draft, "Out of memory.")
    search.send([draft])
    search.send([])
    assert (draft.status, draft.reason) == ("aborted", "Out of memory.")


@pytest.fixture
def sloppy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted model slips in most answers."""
    monkeypatch.setattr("engine.backends.scripted.SLIP", 0.7)


@pytest.mark.usefixtures("sloppy")
def test_the_tree_shows_draft_failure_revision() -> None:
    seen = 0
    for seed in range(8):
        done = run(spec("repair", SUM, width=2, seed=seed))
        for revision in (node for node in done.tree.nodes if node.kind == "revision"):
            seen += 1
            failure = revision.parent
            assert failure is not None and failure.kind == "execution" and failure.scores == {"check": 0.0}
            assert failure.text in revision.instruction
            draft = failure.parent
            assert draft is not None and draft.is_final and draft.scores["check"] == 0
        if any(node.scores.get("check") == 1 for node in done.tree.nodes):
            assert done.is_correct
    assert seen


@pytest.mark.usefixtures("sloppy")
def test_rounds_and_width_bound_the_drafts() -> None:
    longest = 0
    for seed in range(8):
        done = run(spec("repair", SUM, width=2, rounds=2, seed=seed))
        assert sum(node.kind in ("step", "revision") for node in done.tree.nodes) <= 2 * 3
        longest = max(longest, *(node.depth for node in done.tree.nodes))
    assert longest == 6  # draft, finding, revision, finding, revision, finding


@pytest.mark.usefixtures("sloppy")
def test_what_the_budget_leaves_unchecked_is_checked_at_no_cost() -> None:
    for max_tokens in range(40, 200, 20):
        done = run(spec("repair", SUM, max_tokens=max_tokens, seed=3))
        assert done.usage.spent_tokens <= max_tokens
        passed = [node for node in done.tree.nodes if node.scores.get("check") == 1 and node.is_final]
        assert not passed or done.is_correct


def test_free_text_is_repaired_by_its_equations() -> None:
    done = run(spec("repair", FREE, seed=2))
    assert done.status == "finished"
    assert any(node.kind == "execution" for node in done.tree.nodes)
