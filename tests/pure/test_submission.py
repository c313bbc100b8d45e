"""What may travel with a job (core/submission.py)."""

from pathlib import Path

import msgspec
import pytest

from core.errors import InvalidInput, NotFound
from core.submission import MOST_FILES, Extras, files, packages


@pytest.mark.parametrize(
    "name",
    ["six-1.17.0-py2.py3-none-any.whl", "tiny-2-py3-none-any.whl", "build-1.0-1-py3-none-any.whl"],
)
def test_a_pure_wheel_travels_as_the_zip_that_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    assert packages(Extras(packages=(str(tmp_path / name),))) == {name[:-4] + ".zip": tmp_path / name}


@pytest.mark.parametrize("name", ["module.py", "bundle.zip", "old.egg"])
def test_modules_and_zips_travel_under_their_own_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    assert packages(Extras(packages=(str(tmp_path / name),))) == {name: tmp_path / name}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("numpy-2.4.0-cp311-cp311-manylinux_2_28_x86_64.whl", "built for one kind of machine"),
        ("old-1.0-py2-none-any.whl", "built for one kind of machine"),
        ("source-1.0.tar.gz", "no Python package"),
        ("requirements.txt", "no Python package"),
    ],
)
def test_what_a_worker_could_not_import_is_refused(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / name).touch()

    with pytest.raises(InvalidInput, match=sentence):
        packages(Extras(packages=(str(tmp_path / name),)))


@pytest.mark.parametrize("name", ["one,two.txt", "two words.csv", "--conf", ".hidden", "päck.csv", "a" * 152])
def test_a_name_that_could_be_taken_for_something_else_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()

    with pytest.raises(InvalidInput, match="not a name that can travel"):
        files(Extras(files=(str(tmp_path / name),)))


def test_files_of_one_name_folders_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "table.csv").touch()
    (tmp_path / "a" / "table.csv").touch()

    with pytest.raises(InvalidInput, match=r"Two of the files are called table\.csv"):
        files(Extras(files=(str(tmp_path / "table.csv"), str(tmp_path / "a" / "table.csv"))))
    with pytest.raises(InvalidInput, match="is not a file"):
        files(Extras(files=(str(tmp_path / "a"),)))
    with pytest.raises(NotFound, match="does not exist"):
        packages(Extras(packages=(str(tmp_path / "gone.py"),)))


@pytest.mark.parametrize(
    "key",
    [
        "spark.master",
        "spark.authenticate",
        "spark.authenticate.secret",
        "spark.network.crypto.enabled",
        "spark.driver.host",
        "spark.driver.extraJavaOptions",
        "spark.executor.memory",
        "spark.executor.memoryOverhead",
        "spark.io.encryption.enabled",
        "spark.ui.port",
        "spark.jars.packages",
        "spark.ssl.enabled",
    ],
)
def test_settings_that_hold_a_cluster_together_are_not_a_jobs(key: str) -> None:
    with pytest.raises(InvalidInput, match="is not yours to set: Sparecloud sets"):
        Extras(conf={key: "x"})


@pytest.mark.parametrize(
    "key", ["spark.sql.shuffle.partitions", "spark.executor.cores", "spark.hadoop.fs.s3a.endpoint"]
)
def test_other_settings_are(key: str) -> None:
    assert Extras(conf={key: r"a = b # c \ d"}).conf[key] == r"a = b # c \ d"


@pytest.mark.parametrize("key", ["sql.x", "spark.", "spark.a b", "spark.a=b", "spark.a\nspark.master", "Spark.x", ""])
def test_what_is_no_setting_of_spark_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="is not a setting of Spark"):
        Extras(conf={key: "x"})


@pytest.mark.parametrize("value", ["a\nspark.master=local", "a\rb", "\x00", "x" * 2001])
def test_a_value_cannot_smuggle_another_setting_in(value: str) -> None:
    with pytest.raises(InvalidInput, match="too long, or has a line break"):
        Extras(conf={"spark.sql.x": value})


def test_a_message_with_too_much_is_refused_where_it_is_read() -> None:
    many = msgspec.json.encode({"files": ["/f"] * (MOST_FILES + 1)})

    with pytest.raises((InvalidInput, msgspec.ValidationError), match="packages and files at most"):
        msgspec.json.decode(many, type=Extras)
