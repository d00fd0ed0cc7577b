"""The sentences that prove a pushed text model: what tokenizers and truncation get wrong, in many scripts.

One difference is known and is no fault of a model: Elasticsearch's tokenizer does not see characters outside Unicode's
basic plane. The proof is about what the server can read: ``clipline.core.text_models.as_read`` gives the text for which
the source model is asked.
"""

from __future__ import annotations

PROBES: tuple[str, ...] = (
    "A mountain covered in snow",
    "two red circles",
    "Ein schneebedeckter Berg über dem Fluss",
    "Une forêt en été, déjà très sèche",
    "Dos niños juegan en la playa mañana",
    "Una città d'arte vista dall'alto",
    "Zażółć gęślą jaźń nad morzem",
    "Красный автомобиль у дома",
    "一座被雪覆盖的山",
    "赤い花と青い空",
    "눈 덮인 산",
    "قطة تنام على الأريكة",
    "הר מכוסה שלג",
    "बर्फ से ढका पहाड़",
    "Một ngọn núi phủ đầy tuyết",
    "e\u0301te\u0301 with combining accents",
    "UPPER case AND lower Case",
    "emoji 🏔️❄️ and 👩‍👧‍👦",
    "punctuation: (one), [two] – three… “four”!",
    "x",
    " ",
    "a very long sentence about snow, mountains, rivers and forests, " * 40,
)
