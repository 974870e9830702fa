"""Finds the entities of a column of Parquet with Spark, on as many machines as there are.

    spark-submit examples/spark_job.py --text body articles.parquet found

It writes `found/documents`, the rows with a column `entities` and, where a row failed, why; `found/entities`, a row for
each entity; and prints the number of entities by label. This needs the extra `spark`, on the executors as well.
"""

import argparse

from pyspark.sql import SparkSession

from albert_ner_onnx.integrations.spark import AlbertForTokenClassification


def main() -> None:
    """Runs the job that the command line describes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--text", default="text", help="the column of texts (default: text)")
    parser.add_argument("source", help="Parquet to read")
    parser.add_argument("out", help="folder to write to; it must not exist")
    chosen = parser.parse_args()
    spark = SparkSession.builder.appName("albert-ner").getOrCreate()
    classifier = AlbertForTokenClassification.pretrained().setInputCol(chosen.text).setOutputCol("entities")
    rows = classifier.setErrorCol("entities_error").transform(spark.read.parquet(chosen.source))
    rows.write.parquet(f"{chosen.out}/documents")
    documents = spark.read.parquet(f"{chosen.out}/documents")  # what was found is read, not found again
    kept = [column for column in documents.columns if column not in (chosen.text, "entities", "entities_error")]
    entities = documents.selectExpr(*(f"`{column}`" for column in kept), "inline(entities)")
    entities.write.parquet(f"{chosen.out}/entities")
    for row in spark.read.parquet(f"{chosen.out}/entities").groupBy("label").count().orderBy("label").collect():
        print(row["label"], row["count"])
    spark.stop()


if __name__ == "__main__":
    main()
