"""llama.cpp as a peer: the same weights in its format, its own batched decoding. Needs its Python packages.

Knows the format of a Llama-shaped model there and the calls that decode. A prompt is read once and its keys
and values shared by sequence copy, as its own tools do.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def is_here() -> bool:
    return all(importlib.util.find_spec(name) for name in ("llama_cpp", "gguf"))


class LlamaCpp:
    """A random-weight model of ours, loaded by llama.cpp in float32, as ours are."""

    def __init__(self, model: Any, threads: int):
        self._api: Any = importlib.import_module("llama_cpp")
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "model.gguf"
        write(model, path)
        self._api.llama_backend_init()
        self._log = _silent(self._api)  # llama.cpp calls it for as long as the process lives
        self._api.llama_log_set(self._log, None)
        self._model = self._api.llama_model_load_from_file(
            str(path).encode(), self._api.llama_model_default_params()
        )
        if not self._model:
            raise RuntimeError("llama.cpp could not load the model.")
        self._threads = threads
        self._vocabulary = model.config.vocab_size

    def logits(self, ids: Sequence[int]) -> torch.Tensor:
        """What it makes of a prompt's last token, (vocabulary,): a benchmark checks that both sides agree."""
        with self._prompted(ids, 1, 1) as (context, _):
            return self._rows(context, 1)[0].clone()

    def generate(self, ids: Sequence[int], count: int, tokens: int) -> None:
        """`count` continuations of one prompt, greedy draws from each row's logits; nothing is kept."""
        with self._prompted(ids, count, tokens) as (context, batch):
            memory = self._api.llama_get_memory(context)
            for other in range(1, count):
                self._api.llama_memory_seq_cp(memory, 0, other, -1, -1)
            tokens_now = [100 + i for i in range(count)]
            for step in range(tokens - 1):
                self._decode(
                    context, batch, [(t, len(ids) + step, i, True) for i, t in enumerate(tokens_now)]
                )
                tokens_now = self._rows(context, count).argmax(-1).tolist()

    @contextmanager
    def _prompted(self, ids: Sequence[int], count: int, tokens: int) -> Iterator[tuple[Any, Any]]:
        """A context that has read the prompt, with room for `count` branches of `tokens`, and a batch."""
        api = self._api
        params = api.llama_context_default_params()
        params.n_ctx = len(ids) + count * tokens + 64
        params.n_batch = params.n_ubatch = max(512, count)
        params.n_seq_max = count
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = self._threads
        context = api.llama_init_from_model(self._model, params)
        if not context:
            raise RuntimeError("llama.cpp could not make a context.")
        batch = api.llama_batch_init(max(512, count), 0, 1)
        try:
            for start in range(0, len(ids), 512):
                part = ids[start : start + 512]
                entries = [(token, start + i, 0, start + i == len(ids) - 1) for i, token in enumerate(part)]
                self._decode(context, batch, entries)
            yield context, batch
        finally:
            api.llama_batch_free(batch)
            api.llama_free(context)

    def _rows(self, context: Any, count: int) -> torch.Tensor:
        """The logits of the last call, (count, vocabulary), in llama.cpp's own memory."""
        found = self._api.llama_get_logits(context)
        held = (ctypes.c_float * (count * self._vocabulary)).from_address(ctypes.addressof(found.contents))
        return torch.frombuffer(held, dtype=torch.float32).view(count, -1)

    def _decode(self, context: Any, batch: Any, entries: Sequence[tuple[int, int, int, bool]]) -> None:
        batch.n_tokens = len(entries)
        for i, (token, position, sequence, is_wanted) in enumerate(entries):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = is_wanted
        if self._api.llama_decode(context, batch):
            raise RuntimeError("llama.cpp could not decode.")


def _silent(api: Any) -> Any:
    return api.llama_log_callback(lambda level, text, data: None)


def write(model: Any, path: Path) -> None:
    """A Llama-shaped model in llama.cpp's format, without a vocabulary."""
    gguf: Any = importlib.import_module("gguf")
    config = model.config
    heads, key_heads = config.num_attention_heads, config.num_key_value_heads
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    for name, tensor in model.state_dict().items():
        data = tensor.detach().float()
        if name == "model.embed_tokens.weight":
            ours = "token_embd.weight"
        elif name == "model.norm.weight":
            ours = "output_norm.weight"
        elif name == "lm_head.weight":
            continue  # tied
        else:
            _, _, layer, part = name.removesuffix(".weight").split(".", 3)
            ours = f"blk.{layer}.{NAMES[part]}.weight"
            if part.endswith(("q_proj", "k_proj")):  # rotated pairs lie side by side there
                count = heads if part.endswith("q_proj") else key_heads
                data = data.unflatten(0, (count, 2, -1)).transpose(1, 2).flatten(0, 2)
        writer.add_tensor(ours, data.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
