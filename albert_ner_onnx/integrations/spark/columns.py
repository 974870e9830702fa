"""The columns that the stages add: their types in Spark and in Arrow, and how answers become arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Final

from albert_ner_onnx.extras import extra
from albert_ner_onnx.spark_nlp.annotations import Annotation

with extra("spark", "the stages for Spark"):
    import pyarrow as pa

    from albert_ner_onnx.files.arrow import lists_of

ERROR: Final = "error"
"""The field of an answer that says why a row has none."""
ENTITIES_DDL: Final = "array<struct<text:string,label:string,start:bigint,end:bigint,score:double>>"
ANNOTATIONS_DDL: Final = (
    "array<struct<annotatorType:string,begin:int,end:int,result:string,metadata:map<string,string>,"
    "embeddings:array<float>>>"
)
"""The type of Spark NLP's columns."""
_ANNOTATION = pa.struct(
    [
        ("annotatorType", pa.string()),
        ("begin", pa.int32()),
        ("end", pa.int32()),
        ("result", pa.string()),
        ("metadata", pa.map_(pa.string(), pa.string())),
        ("embeddings", pa.list_(pa.float32())),
    ]
)
ANNOTATIONS: pa.DataType = pa.list_(_ANNOTATION)


def annotation_array(found: Sequence[Sequence[Annotation] | None]) -> pa.ListArray:
    """Makes a column of Spark NLP's annotations; `None` becomes null."""
    annotations = list(chain.from_iterable(each for each in found if each is not None))
    metadata = [annotation["metadata"] for annotation in annotations]
    columns = [
        pa.array([annotation["annotatorType"] for annotation in annotations], pa.string()),
        pa.array([annotation["begin"] for annotation in annotations], pa.int32()),
        pa.array([annotation["end"] for annotation in annotations], pa.int32()),
        pa.array([annotation["result"] for annotation in annotations], pa.string()),
        pa.MapArray.from_arrays(
            pa.array(accumulate(map(len, metadata), initial=0), pa.int32()),
            pa.array(list(chain.from_iterable(metadata)), pa.string()),
            pa.array(list(chain.from_iterable(each.values() for each in metadata)), pa.string()),
        ),
        pa.array([[]] * len(annotations), pa.list_(pa.float32())),
    ]
    return lists_of(found, pa.StructArray.from_arrays(columns, fields=list(_ANNOTATION)))
