"""The embedded model: a character-level Llama of about a million parameters, in Hugging Face's own format.

A folder holds config.json, model.safetensors (float16, about 2 MB), tokenizer.json, tokenizer_config.json and
chat_template.jinja, so that `AutoModelForCausalLM.from_pretrained(folder)`, `AutoTokenizer.from_pretrained(folder)` and
`pipeline("text-generation", folder)` open it without this package. The tokenizer's ids are those of `CharVocabulary`:
the start mark, then one token for each character.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from reasonrl.envs.vocabulary import FOLDED, CharVocabulary

if TYPE_CHECKING:
    from transformers import LlamaConfig, PreTrainedModel, PreTrainedTokenizerFast

CHAT = """{{- bos_token -}}
{%- for message in messages -%}
{%- set text -%}
{%- if message.content is string -%}{{ message.content }}
{%- else -%}{%- for part in message.content if part.type == "text" -%}{{ part.text }}{%- endfor -%}{%- endif -%}
{%- endset -%}
{%- if message.role == "assistant" -%}
{%- generation -%}{{ text }}{%- if not loop.last or not continue_final_message -%}{{ eos_token }}{%- endif -%}
{%- endgeneration -%}
{%- if not loop.last -%}{{ "\\n" }}{%- endif -%}
{%- else -%}{{ text }}{{ "\\n" }}
{%- endif -%}
{%- endfor -%}"""
"""The chat template: the model knows no roles, so a question is its line, and an answer ends with the end token. One
question gives just the tokens that the environments show."""
FOLDER = Path(__file__).parent / "tiny"
"""Where the shipped model lies."""


def build_config(
    *,
    hidden_size: int = 128,
    layers: int = 5,
    heads: int = 4,
    kv_heads: int = 2,
    intermediate_size: int = 384,
    context: int = 512,
) -> LlamaConfig:
    """The architecture: shallow and narrow, because two cores spend their time on calls as much as on arithmetic."""
    from transformers import LlamaConfig

    chars = CharVocabulary
    return LlamaConfig(
        vocab_size=chars.size,
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        intermediate_size=intermediate_size,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        pad_token_id=chars.pad,
        bos_token_id=chars.bos,
        eos_token_id=chars.eos,
    )


def build_model(config: LlamaConfig | None = None, *, seed: int) -> PreTrainedModel:
    """A model with random float32 weights, a function of the seed; the global generator is left alone."""
    from transformers import LlamaForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config or build_config())


def build_tokenizer() -> PreTrainedTokenizerFast:
    """`CharVocabulary` as a tokenizer of the `tokenizers` library; text gets the start mark in front."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    chars = CharVocabulary
    ids = {token: index for index, token in enumerate(chars.tokens)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="?"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            *(normalizers.Replace(written, plain) for written, plain in FOLDED.items()),
            normalizers.NFKD(),
            normalizers.StripAccents(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    pad, bos, eos = (chars.tokens[index] for index in (chars.pad, chars.bos, chars.eos))
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, chars.bos)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=pad,
        bos_token=bos,
        eos_token=eos,
        unk_token="?",
        clean_up_tokenization_spaces=False,
        chat_template=CHAT,
    )


def save_tiny(model: PreTrainedModel, folder: str | Path) -> None:
    """Writes the model and its tokenizer to a folder; the weights in float16: finer steps than bfloat16 has here.

    The model given is not changed.
    """
    largest = max(float(p.detach().abs().max()) for p in model.parameters())
    if not largest < 65504:
        raise ValueError(f"a weight of {largest} does not fit float16: the model has diverged, so train it again")
    folder = Path(folder)
    weights: dict[str, Any] = {
        name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in model.state_dict().items()
    }
    # `save_pretrained` writes down the model's dtype as that of the weights
    dtype, model.config.dtype = model.config.dtype, torch.float16
    try:
        model.save_pretrained(folder, state_dict=weights)
    finally:
        model.config.dtype = dtype
    build_tokenizer().save_pretrained(folder)
