"""Another rule, aggregation or scorer chooses from what was stored, and nothing is generated or changed."""

from __future__ import annotations

import pytest

from engine.errors import BadInput
from engine.reselection import reselect
from engine.strategies import selection
from tests.engine.scripted import FREE, PUZZLE, run, spec


@pytest.mark.parametrize("rule", selection.RULES)
@pytest.mark.parametrize("how", selection.AGGREGATIONS)
def test_choosing_again_is_what_the_strategy_would_have_chosen(rule: str, how: str) -> None:
    done = run(spec("best_of_n", PUZZLE, select="best", aggregate="last"))
    events, spent = len(done.tree.events), done.usage.spent_tokens
    found = reselect(done, rule, how)
    assert (len(done.tree.events), done.usage.spent_tokens) == (events, spent)
    other = run(spec("best_of_n", PUZZLE, select=rule, aggregate=how))
    assert other.answer_node is not None
    assert found.node.id == other.answer_node.id
    assert (found.answer, found.is_correct) == (other.answer, other.is_correct)
    assert found.scorer == "process_reward"
    assert found.reason in other.answer_node.reason
    assert found.note == ""


def test_another_scorers_stored_scores() -> None:
    done = run(spec("repair", PUZZLE))
    found = reselect(done, "best", scorer="check")
    assert found.node.scores["check"] == 1
    assert reselect(done, "best").scorer == "check"  # the only one there is
    with pytest.raises(BadInput, match="by 'process_reward'; it has those of check"):
        reselect(done, "best", scorer="process_reward")


def test_steps_that_were_never_scored_are_told_of() -> None:
    done = run(spec("mcts", PUZZLE, value="rollout", rollouts=6, aggregate="last"))
    found = reselect(done, "best", "min")
    assert any(candidate.unscored_steps for candidate in found.candidates)
    assert "never scored" in found.note
    assert "have steps" not in reselect(done, "best", "last").note  # the last step alone counts


def test_majority_needs_no_scores_and_the_others_do() -> None:
    done = run(spec("self_consistency", FREE))
    assert reselect(done, "majority").node is done.answer_node
    with pytest.raises(BadInput, match="only “majority” needs no scores"):
        reselect(done, "weighted")


@pytest.mark.parametrize(("select", "aggregate"), [("worst", "last"), ("best", "median")])
def test_unknown_rules_are_refused(select: str, aggregate: str) -> None:
    with pytest.raises(BadInput, match="must be one of"):
        reselect(run(spec("best_of_n")), select, aggregate)


def test_a_run_without_a_finished_answer_has_nothing_to_choose_from() -> None:
    with pytest.raises(BadInput, match="no finished answer"):
        reselect(run(spec("best_of_n", max_tokens=3)), "majority")
