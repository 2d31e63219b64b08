from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from assay.local import spark_conf


def settings(scratch: Path) -> dict[str, str]:
    return spark_conf.settings(
        endpoint="http://127.0.0.1:4566",
        warehouse="s3://assay-lake/warehouse/",
        region="eu-west-1",
        scratch=scratch,
    )


def test_plain_files_and_tables_go_to_the_emulator(tmp_path: Path) -> None:
    values = settings(tmp_path)
    assert values["spark.sql.catalog.glue_catalog.warehouse"] == "s3://assay-lake/warehouse/"
    endpoints = {name for name, value in values.items() if value == "http://127.0.0.1:4566"}
    assert endpoints == {
        "spark.sql.catalog.glue_catalog.glue.endpoint",
        "spark.sql.catalog.glue_catalog.s3.endpoint",
        "spark.hadoop.fs.s3a.endpoint",
    }
    assert values["spark.hadoop.fs.s3.impl"].endswith("S3AFileSystem")


def test_nothing_listens_on_other_addresses_and_time_is_utc(tmp_path: Path) -> None:
    values = settings(tmp_path)
    assert values["spark.driver.bindAddress"] == "127.0.0.1"
    assert values["spark.ui.enabled"] == "false"
    assert values["spark.sql.session.timeZone"] == "UTC"
    assert "-Duser.timezone=UTC" in values["spark.driver.extraJavaOptions"]


def test_jars_come_last_on_the_class_path_and_are_not_copied(tmp_path: Path) -> None:
    values = settings(tmp_path)
    assert not {"spark.jars", "spark.jars.packages", "spark.driver.extraClassPath"} & set(values)
    spark_conf.write(tmp_path, values, [Path("/my jars/a.jar"), Path("/my jars/b.jar")])
    shown = subprocess.run(
        ["sh", "-c", f". {tmp_path}/spark-env.sh; echo $SPARK_DIST_CLASSPATH"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "/my jars/a.jar:/my jars/b.jar\n"


def test_the_file_has_one_setting_per_line(tmp_path: Path) -> None:
    spark_conf.write(tmp_path / "conf", {"b": "2 3", "a": "1"}, [])
    assert (tmp_path / "conf" / "spark-defaults.conf").read_text() == "a 1\nb 2 3\n"
    assert "rootLogger.level = error" in (tmp_path / "conf" / "log4j2.properties").read_text()


def test_log4j_finds_its_settings_in_whatever_folder_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "my conf"
    spark_conf.write(folder, settings(tmp_path), [])
    shown = subprocess.run(
        ["sh", "-c", '. "$SPARK_CONF_DIR/spark-env.sh"; echo "$SPARK_SUBMIT_OPTS"'],
        env={"SPARK_CONF_DIR": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f'-Dlog4j2.configurationFile="{folder}/log4j2.properties"' in shown.stdout


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("no folder, so that root cannot write below it either")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    spark_conf.write(tmp_path / "conf", settings(tmp_path), [])
    shown = subprocess.run(
        ["sh", "-c", '. "$SPARK_CONF_DIR/spark-env.sh"; echo "$SPARK_SUBMIT_OPTS"'],
        env={"SPARK_CONF_DIR": str(tmp_path / "conf"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "log4j2.properties" in shown.stdout
    assert "-XX:" not in shown.stdout
