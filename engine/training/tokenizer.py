"""The bundled models' tokenizer: byte-level BPE with one token a digit, and their chat template.

Any text can be encoded and decoded without loss. Common words of the families are one token; a made-up
name falls into pieces. Knows nothing of training.
"""

from __future__ import annotations

import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from engine.tasks import FAMILIES

PAD, END, USER, ASSISTANT = "<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"
PAD_ID, END_ID = 0, 1  # the special tokens come first
THINK, THINK_END = "<think>", "</think>"
VOCABULARY = 1024
# A digit never joins its neighbours and is the same token wherever it stands, so that what is learned of a
# sum holds in every place; so is every name and item, so that the model can find where it was spoken of
# before. A space goes with the sign that it surrounds or the common word that it stands beside.
COMMON = (
    "times as many|as many|has as many|has|have|as|and|than|more|fewer|together|does|How many"
    "|Compute|Use|to make|for|in|if|Step|is wrong|It should be|is|not|says"
)
PIECES = (
    rf" (?:->|==|[-+*/=%<>]) | \(left: | ?\b(?:{COMMON})\b ?|[A-Za-z]+|[.,:;?!] ?"
    r"|\d|\n| |[^\sA-Za-z\d]|\s"
)

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}<|assistant|>{{ message['content'] }}<|end|>"
    "{%- else -%}<|user|>{{ message['content'] }}<|end|>{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>"
    "{%- if enable_thinking is defined and not enable_thinking -%}<think></think>"
    "{%- else -%}<think>{{ '\n' }}{%- endif -%}"
    "{%- endif -%}"
)

EXTRA_TEXT = (
    "Find the first wrong step. Rewrite the solution. Is it right so far? yes no Wait Every step is right. "
    "Step 1 is wrong: There is no What is left is It ends at It should be It is not a step like "
    "not known yet. must be worked out. The story says: The answer should be It turns into, not "
)


def build(seed: int = 0, problems: int = 6_000) -> PreTrainedTokenizerFast:
    """Train the tokenizer on fresh problems and solutions of every family."""
    rng = random.Random(seed)

    def corpus():
        for _ in range(problems // 100):
            yield EXTRA_TEXT
        for _ in range(problems):
            family = rng.choice(list(FAMILIES.values()))
            problem = family.generate(rng.choice(list(family.difficulties)[:4]), rng)
            solution = family.solve(problem, rng)
            yield problem.text
            if solution is not None:
                yield "\n".join(solution.steps)

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 2,
        special_tokens=[PAD, END, USER, ASSISTANT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    # Not "special": thinking marks are part of what the model says and must survive decoding.
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in (THINK, THINK_END)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[USER, ASSISTANT],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=1024,
    )
