"""A pair of the real pair's sizes, with random weights; needs ``clipline[models]``.

``python -m tests.full_size FOLDER`` writes it into a folder.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.tiny import TINY_IMAGE

PIECES = 119_547


def full_size_pair(folder: Path) -> Path:
    """Write ``text/`` and ``image/``, the modules, widths and numbers of pieces of the real pair; gives the folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPModel,
        DistilBertConfig,
        DistilBertModel,
        DistilBertTokenizerFast,
    )

    torch.manual_seed(3)
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    pieces += [f"piece{number}" for number in range(PIECES - len(pieces))]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    DistilBertTokenizerFast(str(vocabulary), do_lower_case=False).save_pretrained(folder / "bert")
    DistilBertModel(DistilBertConfig(vocab_size=PIECES)).save_pretrained(folder / "bert")
    words = Transformer(str(folder / "bert"), max_seq_length=128)
    dense = Dense(768, 512, bias=False, activation_function=torch.nn.Identity())
    SentenceTransformer(modules=[words, Pooling(768), dense], device="cpu").save(str(folder / "text"))
    # The text tower's tokenizer is not used; the tiny pair's will do.
    shutil.copytree(TINY_IMAGE, folder / "image")
    CLIPModel(CLIPConfig()).save_pretrained(folder / "image" / "0_CLIPModel")
    CLIPImageProcessor().save_pretrained(folder / "image" / "0_CLIPModel")
    return folder


if __name__ == "__main__":
    full_size_pair(Path(sys.argv[1]))
