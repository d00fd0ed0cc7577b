"""The two towers, untrained, of the same kinds as the real pair's, and how they become directories.

- text: DistilBERT → mean over the tokens → Dense to 512 without bias (``clip-ViT-B-32-multilingual-v1``)
- image: CLIP vision transformer → projection to 512 (``clip-ViT-B-32``); the CLIP text tower that such a
  directory also holds is the smallest that loads, and untrained

`modules.json` and its neighbours are written by hand, with the module types that the real directories name, so
that every release of sentence-transformers since 2.2 reads them.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

DIMS: Final = 512
TEXT_WIDTH: Final = 128
IMAGE_WIDTH: Final = 128
IMAGE_SIDE: Final = 64
PATCH: Final = 8
PATCHES: Final = IMAGE_SIDE // PATCH
MAX_TOKENS: Final = 128
_TEXT_TYPES: Final = ("Transformer", "Pooling", "Dense")


class TextTower(nn.Module):
    """Token numbers in, 512 floats out."""

    def __init__(self, pieces: list[str]) -> None:
        from transformers import DistilBertConfig, DistilBertModel

        super().__init__()
        self.pieces = pieces
        self.transformer: Any = DistilBertModel(
            DistilBertConfig(
                vocab_size=len(pieces),
                max_position_embeddings=MAX_TOKENS,
                dim=TEXT_WIDTH,
                hidden_dim=2 * TEXT_WIDTH,
                n_layers=2,
                n_heads=4,
                dropout=0.05,
                attention_dropout=0.05,
                pad_token_id=0,
            )
        )
        self.dense = nn.Linear(TEXT_WIDTH, DIMS, bias=False)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """The mean over the tokens that are no padding, projected."""
        states = self.transformer(input_ids=tokens, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        vector: Tensor = self.dense((states * weights).sum(1) / weights.sum(1))
        return vector

    def save(self, directory: Path) -> None:
        """Writes the directory of a sentence-transformers text model."""
        from safetensors.torch import save_file

        directory.mkdir(parents=True, exist_ok=True)
        self.transformer.save_pretrained(directory, safe_serialization=True)
        tokenizer(self.pieces).save_pretrained(directory)
        for number, kind in enumerate(_TEXT_TYPES):
            if number:
                (directory / f"{number}_{kind}").mkdir(exist_ok=True)
        _write_modules(directory, [("" if not i else f"{i}_{kind}", kind) for i, kind in enumerate(_TEXT_TYPES)])
        _write(directory / "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS, "do_lower_case": False})
        _write(
            directory / "1_Pooling" / "config.json",
            {
                "word_embedding_dimension": TEXT_WIDTH,
                "pooling_mode_cls_token": False,
                "pooling_mode_mean_tokens": True,
                "pooling_mode_max_tokens": False,
                "pooling_mode_mean_sqrt_len_tokens": False,
            },
        )
        _write(
            directory / "2_Dense" / "config.json",
            {
                "in_features": TEXT_WIDTH,
                "out_features": DIMS,
                "bias": False,
                "activation_function": "torch.nn.modules.linear.Identity",
            },
        )
        weights = {"linear.weight": self.dense.weight.detach().contiguous()}
        save_file(weights, directory / "2_Dense" / "model.safetensors", metadata={"format": "pt"})


@dataclass(frozen=True, slots=True)
class Sight:
    """`vector` [pictures, 512]; `whole` [pictures, width] and `patches` [pictures, patches, width] before projection."""

    vector: Tensor
    whole: Tensor
    patches: Tensor


class ImageTower(nn.Module):
    """Pixels in, 512 floats out."""

    def __init__(self) -> None:
        from transformers import CLIPConfig, CLIPModel

        super().__init__()
        letters = _clip_letters()
        ends = {"bos_token_id": letters[_START], "eos_token_id": letters[_END], "pad_token_id": letters[_END]}
        smallest = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
        self.clip: Any = CLIPModel(
            CLIPConfig(
                projection_dim=DIMS,
                text_config={"vocab_size": len(letters), "projection_dim": DIMS, **ends, **smallest},
                vision_config={
                    "hidden_size": IMAGE_WIDTH,
                    "intermediate_size": 3 * IMAGE_WIDTH,
                    "num_hidden_layers": 4,
                    "num_attention_heads": 4,
                    "image_size": IMAGE_SIDE,
                    "patch_size": PATCH,
                    "projection_dim": DIMS,
                },
            )
        )

        _start_well(self.clip.vision_model)

    def forward(self, pixels: Tensor) -> Sight:
        """The projected class token, and what it was made of."""
        vision = self.clip.vision_model
        seen = vision(pixel_values=pixels)
        vector = self.clip.visual_projection(seen.pooler_output)
        return Sight(vector, seen.pooler_output, vision.post_layernorm(seen.last_hidden_state[:, 1:]))

    @property
    def scale(self) -> Tensor:
        """The logarithm of the factor on the cosines; it travels with the model, as in the real one."""
        scale: Tensor = self.clip.logit_scale
        return scale

    def save(self, directory: Path) -> None:
        """Writes the directory of a sentence-transformers CLIP model."""
        inner = directory / "0_CLIPModel"
        inner.mkdir(parents=True, exist_ok=True)
        self.clip.save_pretrained(inner, safe_serialization=True)
        image_processor().save_pretrained(inner)
        _clip_tokenizer().save_pretrained(inner)
        _write_modules(directory, [("0_CLIPModel", "CLIPModel")])


def _start_well(vision: Any) -> None:
    """Starting values for few pictures: CLIP's own are meant for hundreds of millions.

    Positions start as sines of x and y instead of noise, so neighbours are known from the first step; weights are
    Xavier's (Glorot and Bengio 2010), the ones that write into the residual stream halved.
    """
    side = torch.arange(PATCHES, dtype=torch.float32)
    rates = math.pi / 2 * 100 ** -torch.linspace(0, 1, IMAGE_WIDTH // 4)
    along_y, along_x = (axis.flatten().unsqueeze(1) * rates for axis in torch.meshgrid(side, side, indexing="ij"))
    embeddings = vision.embeddings
    with torch.no_grad():
        waves = [along_x.sin(), along_x.cos(), along_y.sin(), along_y.cos()]
        embeddings.position_embedding.weight[1:] = 0.5 * torch.cat(waves, dim=1)
        nn.init.normal_(embeddings.patch_embedding.weight, std=(3 * PATCH**2) ** -0.5)
        for layer in vision.encoder.layers:
            attention, mlp = layer.self_attn, layer.mlp
            for part in (attention.q_proj, attention.k_proj, attention.v_proj, attention.out_proj, mlp.fc1, mlp.fc2):
                nn.init.xavier_uniform_(part.weight)
            attention.out_proj.weight.mul_(0.5)
            mlp.fc2.weight.mul_(0.5)


def tokenizer(pieces: list[str]) -> Any:
    """The ordinary cased WordPiece tokenizer on these pieces."""
    from transformers import DistilBertTokenizerFast

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        path.write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
        return DistilBertTokenizerFast(vocab_file=str(path), do_lower_case=False, model_max_length=MAX_TOKENS)


def image_processor() -> Any:
    """CLIP's own preprocessing: shorter edge to 64, central square, CLIP's mean and deviation."""
    from transformers import CLIPImageProcessor

    side = {"height": IMAGE_SIDE, "width": IMAGE_SIDE}
    return CLIPImageProcessor(size={"shortest_edge": IMAGE_SIDE}, crop_size=side)


_START: Final = "<|startoftext|>"
_END: Final = "<|endoftext|>"


def _clip_letters() -> dict[str, int]:
    """CLIP's byte alphabet, without a single merge: enough for a tokenizer that loads."""
    from transformers.models.clip.tokenization_clip import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    return {piece: i for i, piece in enumerate([*letters, *(f"{char}</w>" for char in letters), _START, _END])}


def _clip_tokenizer() -> Any:
    from transformers import CLIPTokenizerFast

    with tempfile.TemporaryDirectory() as folder:
        vocabulary, merges = Path(folder) / "vocab.json", Path(folder) / "merges.txt"
        _write(vocabulary, _clip_letters())
        merges.write_text("#version: 0.2\n", encoding="utf-8")
        return CLIPTokenizerFast(vocab_file=str(vocabulary), merges_file=str(merges), model_max_length=77)


def _write_modules(directory: Path, modules: list[tuple[str, str]]) -> None:
    _write(
        directory / "modules.json",
        [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for number, (path, kind) in enumerate(modules)
        ],
    )
    _write(directory / "config_sentence_transformers.json", {"__version__": {}, "similarity_fn_name": "cosine"})


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
