"""What a model has read when it writes a node: rendered prompts, exact ids, later turns."""

from __future__ import annotations

from dataclasses import replace

from engine.backends.protocol import Profile
from engine.backends.transcript import Transcript, render
from engine.tree import Node, Tree
from tests.engine import tiny_models

PROFILE = Profile(
    name="test", step_ends=("\n",), think_open="<think>", think_close="</think>", is_bundled=True
)
TOKENIZER = tiny_models.tokenizer()
END = TOKENIZER.eos_token_id


def transcript(template: str | None = tiny_models.CHAT_TEMPLATE, profile: Profile = PROFILE) -> Transcript:
    return Transcript(tiny_models.tokenizer(template), profile, (END,))


def written(into: Transcript, parent: Node, ids: list[int], **settings) -> Node:
    node = parent.tree.add(parent, **settings)
    for token in ids:
        into.writing(node).append(token)
    text = node.forced + TOKENIZER.decode([token for token in ids if token != END])
    parent.tree.finish(node, text=text, is_final=bool(ids) and ids[-1] == END)
    return node


def text(ids) -> str:
    return TOKENIZER.decode(list(ids), skip_special_tokens=False)


def test_a_turn_is_continued_by_raw_concatenation():
    kept = transcript()
    tree = Tree("1 + 1?")
    first = written(kept, tree.root, TOKENIZER.encode("so\n"))
    second = tree.add(first)
    assert text(kept.before(second).ids) == "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\nso\n"


def test_a_nodes_own_ids_are_kept_and_not_tokenised_again():
    kept = transcript()
    tree = Tree("1 + 1?")
    odd = [TOKENIZER.encode(letter)[0] for letter in "step"]  # "step" is one token to the tokenizer
    assert TOKENIZER.encode("step") != odd
    node = written(kept, tree.root, odd)
    assert list(kept.path(node).ids[-4:]) == odd
    again = transcript()  # a tree that was loaded: its ids are found again from its text
    assert text(again.path(node).ids) == text(kept.path(node).ids)


def test_an_instruction_opens_a_user_turn_after_the_exact_ids():
    kept = transcript()
    tree = Tree("1 + 1?")
    odd = [TOKENIZER.encode(letter)[0] for letter in "step"]
    answer = written(kept, tree.root, [*odd, END])
    critique = tree.add(answer, kind="critique", instruction="Is it right?", thinking=False)
    context = kept.before(critique)
    assert context.ids[: len(kept.path(answer).ids)] == kept.path(answer).ids
    assert text(context.ids) == (
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\nstep<|im_end|>\n"
        "<|im_start|>user\nIs it right?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    prompt = kept.before(answer).ids
    unread = context.unread_prompt_tokens(len(prompt))
    assert unread == len(context.ids) - len(prompt) - 5  # the five the node wrote are no prompt

    rewrite = tree.add(written(kept, critique, [END]), kind="revision", instruction="Again.")
    assert text(kept.before(rewrite).ids).count("<|im_start|>user") == 3


def test_a_turn_that_was_not_ended_is_ended_by_the_template():
    kept = transcript()
    tree = Tree("1 + 1?")
    node = written(kept, tree.root, TOKENIZER.encode("so\n"))
    asked = text(kept.asked(node, "Right?", None).ids)
    assert "assistant\nso\n<|im_end|>\n<|im_start|>user\nRight?" in asked


def test_a_template_that_rewrites_earlier_turns_is_followed():
    drops = tiny_models.CHAT_TEMPLATE.replace(
        "{{ m['content'] }}",
        "{{ m['content'].split('</think>')[-1] if m['role'] == 'assistant' else m['content'] }}",
    )
    kept = transcript(drops)
    tree = Tree("1 + 1?")
    node = written(kept, tree.root, [*TOKENIZER.encode("<think>so</think>2"), END])
    asked = kept.asked(node, "Right?", None)
    assert "so</think>" not in text(asked.ids)
    assert "assistant\n2<|im_end|>" in text(asked.ids)


def test_without_a_template_the_conversation_is_plain_text():
    kept = transcript(None, Profile())
    tree = Tree("1 + 1?")
    prompt = text(kept.before(tree.add(tree.root)).ids)
    assert prompt.startswith("Question: 1 + 1?") and prompt.endswith("Answer:")


def test_thinking_is_opened_or_closed_where_the_template_cannot():
    tokenizer = tiny_models.tokenizer(
        tiny_models.CHAT_TEMPLATE.partition("{%- if enable")[0] + "{%- endif -%}"
    )
    opens = Profile(think_open="<think>", think_close="</think>", opens_thinking=True)
    messages = [{"role": "user", "content": "1 + 1?"}]
    assert render(tokenizer, opens, messages, None).endswith("assistant\n<think>\n")
    assert render(tokenizer, opens, messages, False).endswith("assistant\n<think>\n\n</think>\n\n")
    assert render(tokenizer, PROFILE, messages, None).endswith("assistant\n")


def forced_after(kept: Transcript, parent: Node, forced: str, struck: int = 0) -> str:
    """What the model reads before a child that begins with a forced text."""
    return text(kept.before(parent.tree.add(parent, forced=forced, struck=struck)).ids)


def test_a_forced_text_stands_before_the_nodes_own_tokens_and_counts_as_prompt():
    kept = transcript()
    tree = Tree("1 + 1?")
    node = tree.add(tree.root, forced="Wait\n")
    for token in TOKENIZER.encode("so\n"):
        kept.writing(node).append(token)
    tree.append(node, ["so", "\n"], [-0.1, -0.1])
    tree.finish(node, is_final=False)
    assert node.text == "Wait\nso\n"
    path = kept.path(node)
    assert text(path.ids).endswith("assistant\nWait\nso\n")
    assert sum(path.is_written) == len(TOKENIZER.encode("so\n"))
    again = transcript()  # a tree that was loaded
    assert again.path(node) == path


def test_what_ended_the_parent_is_struck_from_what_is_read():
    kept = transcript()
    tree = Tree("1 + 1?")
    thought = written(kept, tree.root, TOKENIZER.encode("so\n</think>\n"))
    assert forced_after(kept, thought, "Wait\n", struck=9).endswith("assistant\nso\nWait\n")
    ended = written(kept, tree.root, [*TOKENIZER.encode("so\n"), END])
    assert forced_after(kept, ended, "Wait\n").endswith("assistant\nso\nWait\n")
    assert forced_after(kept, tree.root, "Well").endswith("assistant\nWell")


def test_a_token_that_is_struck_in_part_leaves_the_rest_of_its_text():
    kept = transcript()
    tree = Tree("1 + 1?")
    token = max(range(len(TOKENIZER)), key=lambda token: len(TOKENIZER.decode([token])) * (token > 3))
    said = TOKENIZER.decode([token])
    assert len(said) > 4
    node = written(kept, tree.root, [token])
    assert forced_after(kept, node, "Wait", struck=2).endswith(f"assistant\n{said[:-2]}Wait")


def test_a_later_turn_follows_what_was_read_and_not_what_was_struck():
    kept = transcript()
    tree = Tree("1 + 1?")
    thought = written(kept, tree.root, TOKENIZER.encode("so\n</think>"))
    more = written(kept, thought, [*TOKENIZER.encode("2"), END], forced="Wait\n", struck=8)
    asked = text(kept.asked(more, "Right?", None).ids)
    assert "assistant\nso\nWait\n2<|im_end|>\n<|im_start|>user\nRight?" in asked


def test_what_a_check_found_is_said_by_nobody():
    kept = transcript()
    tree = Tree("1 + 1?")
    draft = written(kept, tree.root, [*TOKENIZER.encode("3"), END])
    execution = tree.add(draft, kind="execution")
    tree.finish(execution, text="1 + 1 = 2, not 3.", is_final=False)
    assert kept.path(execution) == kept.path(draft)
    revision = tree.add(execution, kind="revision", instruction="1 + 1 = 2, not 3. Again.")
    assert text(kept.before(revision).ids) == text(kept.asked(draft, "1 + 1 = 2, not 3. Again.", None).ids)
    assert "assistant\n1 + 1" not in text(kept.before(revision).ids)


def test_a_model_that_does_not_reread_attempts_mends_the_latest_alone():
    kept = transcript(profile=replace(PROFILE, rereads_attempts=False))
    tree = Tree("1 + 1?")
    odd = [TOKENIZER.encode(letter)[0] for letter in "step"]
    first = written(kept, tree.root, [*TOKENIZER.encode("3"), END])
    second = written(kept, first, [*odd, END], kind="revision", instruction="It is wrong.")
    critique = written(
        kept, second, [*TOKENIZER.encode("No."), END], kind="critique", instruction="Right?", thinking=False
    )
    third = tree.add(critique, kind="revision", instruction="Rewrite it.")
    question, asked = "<|im_start|>user\n1 + 1?<|im_end|>\n", "<|im_start|>assistant\n"
    sent_back = f"{asked}3<|im_end|>\n<|im_start|>user\nIt is wrong.<|im_end|>\n{asked}"
    assert text(kept.before(second).ids) == question + sent_back
    thoughtless = "<think>\n\n</think>\n\n"
    assert text(kept.before(third).ids) == (
        f"{question}{asked}step<|im_end|>\n<|im_start|>user\nRight?<|im_end|>\n"
        f"{asked}{thoughtless}No.<|im_end|>\n<|im_start|>user\nRewrite it.<|im_end|>\n{asked}"
    )
    prompt = len(kept.before(first).ids)
    assert list(kept.before(third).ids[prompt : prompt + 4]) == odd  # not tokenised again
    assert kept.before(third).is_written[prompt : prompt + 5] == (True,) * 5


def test_a_model_that_rereads_attempts_reads_them_all():
    kept = transcript()
    tree = Tree("1 + 1?")
    first = written(kept, tree.root, [*TOKENIZER.encode("3"), END])
    second = written(kept, first, [*TOKENIZER.encode("4"), END], kind="revision", instruction="It is wrong.")
    third = tree.add(second, kind="revision", instruction="It is wrong.")
    assert text(kept.before(third).ids).count("It is wrong.") == 2
