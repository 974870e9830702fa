from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AlbertConfig as TransformersConfig

import toy
from albert_ner_export.config import AlbertConfig
from albert_ner_onnx import ExportError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "bert"}, "model_type must be 'albert', found 'bert'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type must be 'absolute'"),
        ({"hidden_act": "swish"}, "hidden_act must be one of gelu, gelu_new, relu, found 'swish'"),
        ({"hidden_size": 15}, "num_attention_heads (2) must divide hidden_size (15)"),
        ({"embedding_size": 17}, "embedding_size (17) must be at most hidden_size (16)"),
        ({"num_hidden_layers": 0}, "num_hidden_layers must be a whole number of 1 or more, found 0"),
        ({"vocab_size": "30000"}, "vocab_size must be a whole number"),
        ({"intermediate_size": True}, "intermediate_size must be a whole number"),
        ({"max_position_embeddings": 2}, "max_position_embeddings must be 3 or more"),
        ({"num_hidden_groups": 4}, "num_hidden_groups (4) must be at most num_hidden_layers (3)"),
        ({"inner_group_num": 4}, "inner_group_num (4) at most their quotient (3)"),
        ({"layer_norm_eps": "tiny"}, "layer_norm_eps must be a number from 0 to less than 1"),
        ({"layer_norm_eps": -1.0}, "layer_norm_eps must be a number from 0 to less than 1"),
        ({"id2label": None}, "no id2label; give the tag of each logit with --tags-file FILE"),
        ({"id2label": {}}, "no id2label"),
        ({"num_hidden_layers": 10**7}, "num_hidden_layers (10000000) times inner_group_num (1) must be at most 1000"),
        ({"num_hidden_layers": 501, "inner_group_num": 2}, "must be at most 1000, found 1002; the file is damaged"),
        ({"id2label": ["O", "B-PER"]}, "no id2label"),
        ({"id2label": {"0": "O", "2": "B-PER"}}, "id2label must have the ids 0 to 1, but lacks '1'"),
        ({"id2label": {"0": "O", "1": 5}}, "id2label must map ids to strings, found int for id 1"),
        (
            {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}},
            "id2label: generic names (LABEL_0 …) don't say what the tags are; give the model's tags",
        ),
        ({"id2label": {"0": "B-PER"}}, "id2label: expected a tag 'O'"),
        (
            {"id2label": {"0": "O", "1": "I-A", "2": "I-A"}},
            "id2label: tags must be unique, found 'I-A' for ids 1 and 2",
        ),
        ({"id2label": {"0": "O", "1": "S-PER"}}, "id2label: tag 'S-PER': expected tags with B- as well"),
        ({"id2label": {"0": "O", "1": "B-PER", "2": "LOC"}}, "id2label: tags 'LOC' and 'B-PER'"),
        ({"id2label": {"0": "O", "1": "B-\ud800"}}, "found 'B-\\ud800'"),  # JSON may contain it
        ({"id2label": {"0": "O", "1": "B-P\nER"}}, "found 'B-P\\nER'"),
    ],
)
def test_what_cannot_be_exported_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ExportError) as error:
        AlbertConfig.from_dict(toy.config(**changes))
    assert message in str(error.value)
    assert str(error.value).startswith("config.json: ")
    assert "\n" not in str(error.value)


def test_defaults_are_those_of_transformers() -> None:
    defaults = TransformersConfig()
    found = AlbertConfig.from_dict({"id2label": {"0": "O", "1": "I-X"}})
    for name in AlbertConfig.__slots__:
        if name not in ("tags", "ignored_labels"):
            assert getattr(found, name) == getattr(defaults, name), name


def test_seven_layers_in_three_groups() -> None:
    config = AlbertConfig.from_dict(toy.config(num_hidden_layers=7, num_hidden_groups=3))
    assert config.iterations == [3, 2, 2]


@example((18, 14))  # where floating point and whole numbers disagree
@given(st.integers(1, 60).flatmap(lambda layers: st.tuples(st.just(layers), st.integers(1, layers))))
def test_every_iteration_is_in_the_group_that_hugging_face_computes(case: tuple[int, int]) -> None:
    layers, groups = case
    config = AlbertConfig.from_dict(toy.config(num_hidden_layers=layers, num_hidden_groups=groups))
    expected = [int(i / (layers / groups)) for i in range(layers)]  # modeling_albert.py, AlbertTransformer.forward
    found = [group for group, iterations in enumerate(config.iterations) for _ in range(iterations)]
    assert found == expected
    assert min(config.iterations) >= 1


def test_given_labels_replace_those_of_the_configuration() -> None:
    settings = toy.config(id2label={"0": "LABEL_0", "1": "LABEL_1"})
    assert AlbertConfig.from_dict(settings, ["O", "I-X"]).tags == ("O", "I-X")


def test_several_ids_may_be_o_and_labels_may_be_ignored() -> None:
    labels = dict(enumerate(["[PAD]", "O", "B-X", "X", "O"]))
    config = AlbertConfig.from_dict(toy.config(id2label={str(index): tag for index, tag in labels.items()}))
    assert config.tags == ("[PAD]", "O", "B-X", "X", "O")
    assert config.ignored_labels == ("[PAD]", "X")
    assert config.read_tags == ("O", "O", "B-X", "O", "O")
    assert config.to_dict()["id2label"] == {str(index): tag for index, tag in labels.items()}
    assert AlbertConfig.from_dict(config.to_dict()) == config


def test_a_classifier_of_texts_is_refused() -> None:
    with pytest.raises(ExportError, match="names AlbertForSequenceClassification, which classifies whole texts"):
        AlbertConfig.from_dict(toy.config(architectures=["AlbertForSequenceClassification"]))
    assert AlbertConfig.from_dict(toy.config(architectures=["AlbertModel"])).tags == toy.TAGS
    assert AlbertConfig.from_dict(toy.config(architectures=None)).tags == toy.TAGS


def test_given_labels_are_checked() -> None:
    with pytest.raises(ExportError, match=r"^labels: generic names \(LABEL_0 …\)"):
        AlbertConfig.from_dict(toy.config(), ["LABEL_0", "LABEL_1"])


def test_what_is_written_is_what_was_read() -> None:
    config = AlbertConfig.from_dict(toy.config(num_hidden_layers=7, num_hidden_groups=3, hidden_act="relu"))
    assert AlbertConfig.from_dict(config.to_dict()) == config
