"""Placeholders instead of entities."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albert_ner_onnx.document import Document
from albert_ner_onnx.errors import InferenceError, InputError
from albert_ner_onnx.files.chunks import Chunk, InputShape
from albert_ner_onnx.files.writers import WriterOptions, open_writer
from albert_ner_onnx.files.writers.redaction import Redaction
from albert_ner_onnx.files.writers.writer import Answer
from read import records
from written import LABELS, TEXT, chunk_of, document, documents, record, write

MEETING = document(
    "Ann met Bob in Rome. Bob left Rome with Ann.",
    *[("Ann", "PER"), ("Bob", "PER"), ("Rome", "LOC"), ("Bob", "PER"), ("Rome", "LOC"), ("Ann", "PER")],
)
JSONL = InputShape("jsonl")


def restore(redacted: str, placeholders: list[dict[str, Any]]) -> str:
    """Puts back what a line of the mapping says, as docs/runs.md shows."""
    for each in reversed(placeholders):
        redacted = redacted[: each["start"]] + each["text"] + redacted[each["end"] :]
    return redacted


# --- Texts ------------------------------------------------------------------------------------------------------------


def test_the_label_stands_for_the_entity() -> None:
    assert Redaction().redact(MEETING).text == "[PER] met [PER] in [LOC]. [PER] left [LOC] with [PER]."


def test_numbers_are_those_of_texts_within_their_label() -> None:
    redacted = Redaction(numbered=True).redact(MEETING)
    assert redacted.text == "[PER_1] met [PER_2] in [LOC_1]. [PER_2] left [LOC_1] with [PER_1]."


def test_the_same_text_with_another_label_is_another_name() -> None:
    found = document("Jordan, Jordan", ("Jordan", "PER"), ("Jordan", "LOC"))
    assert Redaction(numbered=True).redact(found).text == "[PER_1], [LOC_1]"


def test_labels_to_keep_stay() -> None:
    redacted = Redaction(frozenset({"LOC"}), numbered=True).redact(MEETING)
    assert redacted.text == "[PER_1] met [PER_2] in Rome. [PER_2] left Rome with [PER_1]."


def test_a_number_that_the_text_has_is_left_out() -> None:
    found = document("[PER_1] and [PER_3] met Ann, Bob and Ann", ("Ann", "PER"), ("Bob", "PER"), ("Ann", "PER"))
    redacted = Redaction(numbered=True).redact(found)
    assert redacted.text == "[PER_1] and [PER_3] met [PER_2], [PER_4] and [PER_2]"


@settings(deadline=None)
@given(documents(), st.sets(st.sampled_from(LABELS)), st.booleans())
def test_what_is_outside_stays_and_what_is_inside_goes(found: Document, keep: set[str], numbered: bool) -> None:
    text, replacements = Redaction(frozenset(keep), numbered).redact(found)
    gone = [entity for entity in found.entities if entity.label not in keep]
    assert [(each.label, each.text) for each in replacements] == [(each.label, each.text) for each in gone]
    before = after = 0
    for entity, (placeholder, _, label, start, end) in zip(gone, replacements, strict=True):
        assert text[after:start] == found.text[before : entity.start]
        assert text[start:end] == placeholder
        assert re.fullmatch(rf"\[{label}_[1-9][0-9]*\]" if numbered else rf"\[{label}\]", placeholder)
        before, after = entity.end, end
    assert text[after:] == found.text[before:]
    assert restore(text, [each._asdict() for each in replacements]) == found.text


@settings(deadline=None)
@given(documents(), st.sets(st.sampled_from(LABELS)))
def test_a_numbered_placeholder_is_never_ambiguous(found: Document, keep: set[str]) -> None:
    text, replacements = Redaction(frozenset(keep), numbered=True).redact(found)
    meanings = {(each.placeholder, (each.label, each.text)) for each in replacements}
    assert len(meanings) == len(dict(meanings)) == len({meaning for _, meaning in meanings})  # one to one
    places = [(each.start, each.placeholder) for each in replacements]
    found_again = [(match.start(), name) for name in dict(meanings) for match in re.finditer(re.escape(name), text)]
    assert sorted(found_again) == places
    for name, (_, original) in meanings:  # so even someone who has lost the offsets can put all names back
        text = text.replace(name, f"\0{original}\0")
    assert text.replace("\0", "") == found.text


# --- Records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("per", "expected"), [("line", "a [PER]\n\nb\n"), ("paragraph", "a [PER]\n\n\n\nb\n\n")])
def test_texts_stay_texts(per: str, expected: str, tmp_path: Path) -> None:
    found = [document("a Ann", ("Ann", "PER")), document(""), document("b")]
    write("redact", [(chunk_of(found), found)], tmp_path / "out", InputShape("text", per=per))
    assert (tmp_path / "out").read_text("utf-8") == expected


@pytest.mark.parametrize(
    ("field", "fields", "expected"),
    [
        (None, {"id": 1, "text": "Ann"}, {"id": 1, "text": "[PER]"}),
        ("a.b", {"a": {"b": "Ann", "c": "Ann"}, "b": 1}, {"a": {"b": "[PER]", "c": "Ann"}, "b": 1}),
        ("a.b", {"a": {"b": "Ann"}, "a.b": "Ann"}, {"a": {"b": "Ann"}, "a.b": "[PER]"}),
        ("a.b.c", {"a": {"b.c": "Ann", "b": {"c": "Ann"}}}, {"a": {"b.c": "Ann", "b": {"c": "[PER]"}}}),
    ],
)
def test_only_the_field_of_the_text_changes(
    field: str | None, fields: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    ann = document("Ann", ("Ann", "PER"))
    before = json.dumps(fields)
    write("redact", [(Chunk([record("Ann", fields)]), [ann])], tmp_path / "out", InputShape("jsonl", field))
    assert json.loads((tmp_path / "out").read_text()) == expected
    assert json.dumps(fields) == before


@pytest.mark.parametrize(("format", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_the_other_cells_of_a_row_stay(format: str, delimiter: str, tmp_path: Path) -> None:
    names = ("id", "body", "note")
    rows = [["1", MEETING.text, 'a "quoted",\tcell\r'], ["2", "", ""], ["3", "x", "y"]]
    answers: list[Answer] = [MEETING, document(""), InferenceError("no answer")]
    records = [record(row[1], dict(zip(names, row, strict=True))) for row in rows]
    records.append(record(InputError("ragged"), line=9))
    shape = InputShape(format, "body", names=names)
    write("redact", [(Chunk(records), [*answers, None])], tmp_path / "out", shape)
    with open(tmp_path / "out", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file, delimiter=delimiter)) == [
            list(names),
            ["1", "[PER] met [PER] in [LOC]. [PER] left [LOC] with [PER].", 'a "quoted",\tcell\r'],
            ["2", "", ""],
            ["3", "[ERROR]", "y"],
            ["", "[ERROR]", ""],
        ]


def rewritten(path: Path, content: bytes) -> bytes:
    """What redacting makes of rows of TSV in which nothing is found."""
    path.write_bytes(content)
    rows = records(path)
    answers = [document(each.content) if isinstance(each.content, str) else None for each in rows]
    names = tuple(content.decode().partition("\n")[0].split("\t"))
    write("redact", [(Chunk(rows), answers)], path.with_suffix(".out"), InputShape("tsv", "text", names=names))
    return path.with_suffix(".out").read_bytes()


def test_tsv_gets_quotation_marks_only_where_they_are_read_as_such(tmp_path: Path) -> None:
    as_it_stands = b'text\tid\n"Ann" Lee said\t"2"\n"a" b\t5" wide\n5" wide\t"x" y\n'
    assert rewritten(tmp_path / "a.tsv", as_it_stands) == as_it_stands
    quoted = b'text\tid\n"""Ann"" Lee"\t"a\tb"\n"c\nd"\t"""x"\n'
    assert rewritten(tmp_path / "a.tsv", quoted) == quoted
    unclosed = rewritten(tmp_path / "a.tsv", b'text\tid\n"open\t5 wide\na\tb\n')
    assert unclosed == b'text\tid\n"""open"\t5 wide\na\tb\n'  # the next rows could close it


TSV_CELLS = st.text('a"\t\n\r ', max_size=6)


@settings(deadline=None)
@given(st.lists(st.text('a"\t\n\r ', max_size=20), max_size=6), st.lists(st.tuples(TSV_CELLS, TSV_CELLS), max_size=6))
def test_rows_of_tsv_come_back(tmp_path_factory: pytest.TempPathFactory, lines: list[str], cells: Any) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(cells)
    path = tmp_path_factory.mktemp("tsv") / "a.tsv"
    content = "\n".join(["text\tid", *lines, written.getvalue()])
    path.write_bytes(content.encode())
    expected = [dict(each.fields) or {"text": "[ERROR]", "id": ""} for each in records(path)]
    path.write_bytes(rewritten(path, content.encode()))
    assert [dict(each.fields) for each in records(path)] == expected


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "dictionary"])
def test_the_column_of_a_table_keeps_its_type_and_the_others_their_values(kind: str, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    of_text = pa.dictionary(pa.int8(), pa.string()) if kind == "dictionary" else getattr(pa, kind)()
    texts = ["Ann", None, "Ann", "lost"]
    fields = [pa.field("id", pa.uint8()), pa.field("text", of_text, metadata={"a": "b"}), pa.field("more", pa.string())]
    schema = pa.schema(fields, {"mine": "1"})
    columns = pa.RecordBatch.from_arrays(
        [pa.array([1, 2, 3, 4], pa.uint8()), pa.array(texts, of_text), pa.array(texts)], schema=schema
    )
    shape = InputShape("parquet", "text", names=tuple(schema.names), schema=schema)
    ann = document("Ann", ("Ann", "PER"))
    chunk = Chunk([record(text, line=line) for line, text in enumerate(texts, 1)], columns)
    write("redact", [(chunk, [ann, None, ann, InferenceError("no answer")])], tmp_path / "out.parquet", shape)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.schema.equals(schema, check_metadata=True)
    assert found["text"].to_pylist() == ["[PER]", None, "[PER]", "[ERROR]"]
    assert found["more"].to_pylist() == texts
    write("redact", [], tmp_path / "empty.parquet", shape)
    assert pq.read_table(tmp_path / "empty.parquet").schema.equals(schema, check_metadata=True)


def test_words_stay_words(tmp_path: Path) -> None:
    found = document("Kofi Annan left Geneva", ("Kofi Annan", "PER"), ("Geneva", "LOC"))
    chunk = Chunk([record([["Kofi", "Annan", "left", "Geneva"]]), record([["lost"]])])
    answers: list[Answer] = [found, InferenceError("no answer")]
    write("redact", [(chunk, answers)], tmp_path / "out", InputShape("conll"), keep=("LOC",), numbered=True)
    assert (tmp_path / "out").read_text() == "-DOCSTART-\n\n[PER_1]\nleft\nGeneva\n\n-DOCSTART-\n\n"


def test_what_could_not_be_redacted_is_not_shown(tmp_path: Path) -> None:
    unread = record(InputError("in.jsonl:1: expected a string"), {"text": ["Ann"]}, source="in.jsonl")
    failed = record("Ann", {"text": "Ann"}, 2, "in.jsonl")
    answers: list[Answer] = [None, InferenceError("no answer")]
    write("redact", [(Chunk([unread, failed]), answers)], tmp_path / "lines", JSONL, mapping=True)
    assert [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()] == [
        {"error": "in.jsonl:1: expected a string", "file": "in.jsonl", "line": 1},
        {"error": "no answer", "file": "in.jsonl", "line": 2},
    ]
    write("redact", [(Chunk([unread, failed]), answers)], tmp_path / "text")
    assert (tmp_path / "text").read_text() == "[ERROR]\n[ERROR]\n"


def test_a_record_without_text_stays(tmp_path: Path) -> None:
    write("redact", [(Chunk([record(None, {"text": None, "id": 1})]), [None])], tmp_path / "out", JSONL)
    assert json.loads((tmp_path / "out").read_text()) == {"text": None, "id": 1}


# --- The mapping ------------------------------------------------------------------------------------------------------


def test_the_mapping_has_a_line_for_each_record(tmp_path: Path) -> None:
    found = [document("I am Ann", ("Ann", "PER")), document("")]
    chunk = Chunk([*chunk_of(found).records, record("lost", line=3)])
    mapping = write("redact", [(chunk, [*found, InferenceError("no")])], tmp_path / "out", numbered=True, mapping=True)
    ann = {"placeholder": "[PER_1]", "text": "Ann", "label": "PER", "start": 5, "end": 12}
    assert [json.loads(line) for line in mapping.decode().splitlines()] == [
        {"file": "in.txt", "line": 1, "placeholders": [ann]},
        {"file": "in.txt", "line": 2, "placeholders": []},
        {"file": "in.txt", "line": 3, "placeholders": []},
    ]
    assert write("redact", [(chunk, [*found, None])], tmp_path / "out") == b""


@settings(max_examples=50, deadline=None)
@given(st.lists(documents(), max_size=4), st.booleans())
def test_the_mapping_leads_back(found: list[Document], numbered: bool) -> None:
    options = WriterOptions(numbered=numbered, mapping=True)
    written = open_writer("redact", options, JSONL, LABELS).chunk(chunk_of(found, JSONL), found)
    redacted = [json.loads(line)["text"] for line in written.output.decode().splitlines()]
    mapping = [json.loads(line)["placeholders"] for line in written.mapping.decode().splitlines()]
    assert list(map(restore, redacted, mapping)) == [each.text for each in found]


# --- Options ----------------------------------------------------------------------------------------------------------


def test_options_of_redact_are_refused_elsewhere() -> None:
    for options in (WriterOptions(numbered=True), WriterOptions(keep=("PER",)), WriterOptions(mapping=True)):
        with pytest.raises(InputError, match=r"--(numbered|keep|mapping) is for --to redact, found --to csv"):
            open_writer("csv", options, TEXT, LABELS)


def test_a_label_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="keep: expected labels of the model, LOC, MISC, ORG, PER; found 'PERS'"):
        open_writer("redact", WriterOptions(keep=("PERS",)), TEXT, LABELS)
