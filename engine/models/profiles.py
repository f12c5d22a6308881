"""How each model family speaks, and which family a model is of.

Knows names, configurations and chat templates. Does not know tokenizers' ids or weights. Sampling settings
are those of each family's model card or generation config.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import prompts
from engine.backends.protocol import Profile

PLAIN = Profile(name="plain")
CHAT = Profile(name="chat")
BUNDLED = Profile(
    name="bundled",
    step_ends=("\n",),
    think_open="<think>",
    think_close="</think>",
    is_bundled=True,
    rereads_attempts=False,
    max_new_tokens=256,
)
THINKING = Profile(name="thinking", think_open="<think>", think_close="</think>", max_new_tokens=4096)
QWEN3 = Profile(
    name="qwen3",
    think_open="<think>",
    think_close="</think>",
    # Source: the thinking budget of Qwen3's technical report (arXiv 2505.09388, section 4.3).
    cut_thought=(
        "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking "
        "directly now.\n</think>\n\n"
    ),
    temperature=0.6,
    top_p=0.95,
    top_k=20,
    max_new_tokens=4096,
)
QWEN25_MATH = Profile(name="qwen2.5-math", system_prompt=prompts.BOXED, temperature=0.7)
R1_DISTILL = Profile(
    name="r1-distill",
    think_open="<think>",
    think_close="</think>",
    opens_thinking=True,
    temperature=0.6,
    top_p=0.95,
    max_new_tokens=4096,
)
SMOLLM3 = Profile(
    name="smollm3",
    think_open="<think>",
    think_close="</think>",
    temperature=0.6,
    top_p=0.95,
    max_new_tokens=4096,
)
LLAMA3 = Profile(name="llama-3", temperature=0.6, top_p=0.9)
GEMMA = Profile(name="gemma", temperature=1.0, top_p=0.95, top_k=64)


def profile_for(config: Mapping[str, Any], name: str, template: str | None) -> Profile:
    """The profile of a model by its configuration, name and chat template (None where it has none)."""
    kind, name = str(config.get("model_type", "")), name.lower()
    if config.get("ponder_profile") == BUNDLED.name:
        return BUNDLED
    if not template:
        return PLAIN
    if "deepseek-r1-distill" in name or "<｜Assistant｜>" in template:
        return R1_DISTILL
    if "qwen2.5-math" in name:
        return QWEN25_MATH
    if kind.startswith("qwen3") and "<think>" in template:
        return QWEN3
    if kind == "smollm3":
        return SMOLLM3
    if kind == "llama" and "<|start_header_id|>" in template:
        return LLAMA3
    if kind.startswith("gemma"):
        return GEMMA
    return THINKING if "<think>" in template else CHAT
