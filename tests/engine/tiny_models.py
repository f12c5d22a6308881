"""Random-weight models of real architectures, small enough to be made in a test, and a tokenizer for them."""

from __future__ import annotations

import functools
from typing import Any

import torch
import transformers as hf
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

torch.set_num_threads(1)
hf.utils.logging.set_verbosity_error()

CHAT_TEMPLATE = (
    "{%- for m in messages -%}<|im_start|>{{ m['role'] + '\\n' }}{{ m['content'] }}<|im_end|>{{ '\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant{{ '\\n' }}"
    "{%- if enable_thinking is defined and not enable_thinking -%}<think>{{ '\\n\\n' }}</think>{{ '\\n\\n' }}"
    "{%- endif -%}"
    "{%- endif -%}"
)
WORDS = (
    "Use the numbers to make a sum. Compute 12 + 7 = 19 step wrong right yes no answer is boxed é ü 漢字\n\n"
)
KINDS = ("llama", "qwen3", "qwen2", "gemma", "neox", "smollm3", "gpt2")
SHAPE = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
}
GPT = {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 512}


@functools.cache
def tokenizer(template: str | None = CHAT_TEMPLATE) -> Any:
    """A byte-level tokenizer of about 320 tokens with a chat template; a character may take several."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|pad|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([WORDS] * 3, trainer)
    made.add_tokens([AddedToken(t, special=False, normalized=False) for t in ("<think>", "</think>")])
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<|pad|>",
        eos_token="<|im_end|>",
        chat_template=template,
        clean_up_tokenization_spaces=False,
    )


def model(kind: str, seed: int = 0, spread: float = 0.08, **changes: Any) -> Any:
    """A fresh random model; `spread` is the deviation of its weights: more makes its choices more decided."""
    torch.manual_seed(seed)
    pad, end = tokenizer().pad_token_id, tokenizer().eos_token_id
    common = {
        "vocab_size": len(tokenizer()),
        "initializer_range": spread,
        "pad_token_id": pad,
        "bos_token_id": end,
        "eos_token_id": end,
    }
    made = {
        "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**common, **{**SHAPE, **changes})),
        "wide": lambda: hf.Qwen2ForCausalLM(
            hf.Qwen2Config(
                **common,
                **{**SHAPE, "hidden_size": 96, "num_attention_heads": 3, "num_key_value_heads": 1, **changes},
            )
        ),
        "prm": lambda: hf.LlamaForTokenClassification(
            hf.LlamaConfig(**common, **{**SHAPE, "num_labels": 2, **changes})
        ),
        "qwen3": lambda: hf.Qwen3ForCausalLM(hf.Qwen3Config(**common, head_dim=16, **{**SHAPE, **changes})),
        "qwen2": lambda: hf.Qwen2ForCausalLM(hf.Qwen2Config(**common, **{**SHAPE, **changes})),
        "gemma": lambda: hf.GemmaForCausalLM(hf.GemmaConfig(**common, head_dim=16, **{**SHAPE, **changes})),
        "gemma2": lambda: hf.Gemma2ForCausalLM(
            hf.Gemma2Config(**common, head_dim=16, sliding_window=8, **{**SHAPE, **changes})
        ),
        "mistral": lambda: hf.MistralForCausalLM(
            hf.MistralConfig(**common, sliding_window=8, **{**SHAPE, **changes})
        ),
        "smollm3": lambda: hf.SmolLM3ForCausalLM(hf.SmolLM3Config(**common, **{**SHAPE, **changes})),
        "neox": lambda: hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**common, **{**SHAPE, **changes})),
        "gpt2": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**common, **{**GPT, **changes})),
        "mamba": lambda: hf.MambaForCausalLM(
            hf.MambaConfig(**common, hidden_size=48, num_hidden_layers=2, state_size=4)
        ),
    }[kind]()
    return made.eval()
