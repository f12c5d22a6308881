"""What a model has read when it writes a node: rendered prompts, exact ids, later turns."""

from __future__ import annotations

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
    text = TOKENIZER.decode([token for token in ids if token != END])
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
