"""Settings of secured connections: what clients get, and where secrets do not show."""

import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr, ValidationError

from runtime.kafka.security import librdkafka
from runtime.process.secret_files import SecretFileError
from runtime.process.security import KafkaSecurity, User, database_address, redis_address
from runtime.process.settings import Settings
from schemas.registry_address import RegistryAddress

SECRET = "s3cr3t-of-the-ward"


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    return file


def test_without_tls_clients_get_no_security_settings() -> None:
    assert librdkafka(KafkaSecurity()) == {}


def test_tls_and_a_password_reach_the_client(pem: Path) -> None:
    security = KafkaSecurity(tls=True, ca=pem, user="ward", password=SecretStr(SECRET))

    assert librdkafka(security) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ward",
        "sasl.password": SECRET,
        "ssl.endpoint.identification.algorithm": "https",
        "ssl.ca.location": str(pem),
    }


def test_a_client_certificate_alone_is_tls_without_sasl(pem: Path) -> None:
    security = KafkaSecurity(
        tls=True, certificate=pem, key=pem, key_password=SecretStr(SECRET), check_hostname=False
    )

    reported = librdkafka(security)

    assert reported["security.protocol"] == "SSL"
    assert reported["ssl.endpoint.identification.algorithm"] == "none"
    assert reported["ssl.key.password"] == SECRET


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"user": "ward"}, "both `user` and `password`"),
        ({"password": SECRET}, "both `user` and `password`"),
        ({"tls": True, "certificate": "PEM"}, "both `certificate` and `key`"),
        ({"tls": True, "ca": "/nowhere/ca.pem"}, "is not a file"),
    ],
)
def test_settings_that_do_not_fit_are_refused_without_their_secrets(
    given: dict[str, object], fault: str, pem: Path
) -> None:
    settings = {"kafka": {k: str(pem) if v == "PEM" else v for k, v in given.items()}}

    with pytest.raises(ValidationError, match=fault) as refused:
        Settings.model_validate({"security": settings})
    assert SECRET not in str(refused.value)


def test_a_secret_is_read_from_the_file_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    monkeypatch.setenv("WARDSTREAM_SECURITY__KAFKA__USER", "ward")
    monkeypatch.setenv("WARDSTREAM_SECURITY__KAFKA__PASSWORD_FILE", str(file))
    address = tmp_path / "address"
    address.write_text(f"postgresql://ward:{SECRET}@db/ward\n")
    monkeypatch.setenv("WARDSTREAM_DATABASE_URL_FILE", str(address))

    settings = Settings()

    assert settings.security.kafka.secret == SECRET
    assert settings.database_url.get_secret_value() == f"postgresql://ward:{SECRET}@db/ward"
    assert SECRET not in repr(settings)


def test_a_secret_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDSTREAM_REDIS_URL", "redis://cache")
    monkeypatch.setenv("WARDSTREAM_REDIS_URL_FILE", str(tmp_path / "url"))

    with pytest.raises(SecretFileError, match="both set: unset one"):
        Settings()


def test_a_file_of_a_secret_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDSTREAM_REDIS_URL_FILE", "/nowhere/url")

    with pytest.raises(SecretFileError, match="/nowhere/url cannot be read: No such file"):
        Settings()


def test_a_database_with_an_authority_is_checked_in_full(pem: Path) -> None:
    address = database_address(
        "postgresql://old:gone@db.ward:5432/ward?connect_timeout=3",
        User(ca=pem, certificate=pem, key=pem, user="sink", password=SecretStr("a/b@c")),
    )

    assert address.startswith("postgresql://sink:a%2Fb%40c@db.ward:5432/ward?connect_timeout=3&")
    assert "sslmode=verify-full" in address
    assert address.count("ca.pem") == 3


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://wardstream:a%2Fb@127.0.0.1:5432/wardstream",
        "postgresql:///ward?host=/var/run/postgresql",
        "postgresql://u@h/db?options=-c%20search_path%3Dx&application_name=",
        "unix:///run/redis.sock?db=1",
    ],
)
def test_an_address_stays_as_it_is_where_nothing_is_set(url: str) -> None:
    assert database_address(url, User()) == url
    assert redis_address(url, User()) == url


def test_the_parameters_of_an_address_stay_as_they_are_beside_a_user(pem: Path) -> None:
    url = "postgresql:///ward?host=/run/pg&options=-c%20search_path%3Dx"

    address = database_address(url, User(ca=pem, user="sink"))

    assert address.startswith(
        "postgresql://sink@/ward?host=/run/pg&options=-c%20search_path%3Dx&sslmode=verify-full&"
    )


def test_a_certificate_for_the_database_without_an_authority_is_refused(pem: Path) -> None:
    with pytest.raises(ValueError, match=r"needs security\.database\.ca"):
        database_address("postgresql://db.ward/ward", User(certificate=pem, key=pem))


@pytest.mark.parametrize("files", [("ca",), ("certificate", "key")])
@pytest.mark.parametrize(
    ("section", "service", "remedy"),
    [
        ("kafka", "Kafka", "switch `tls` on"),
        ("registry", "the schema registry", "give a registry_url that begins with https://"),
        ("redis", "Redis", "give a redis_url that begins with rediss://"),
    ],
)
def test_certificates_for_a_service_in_the_clear_are_refused_by_one_rule(
    section: str, service: str, remedy: str, files: tuple[str, ...], pem: Path
) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"security": {section: dict.fromkeys(files, str(pem))}})

    assert f"certificates for {service} are used with TLS only: {remedy}" in str(refused.value)


def test_the_address_of_a_registry_is_shown_without_its_password() -> None:
    address = RegistryAddress.of(f"https://ward:{SECRET}@schemas.ward/api")

    assert (address.url, address.user) == ("https://schemas.ward/api", "ward")
    assert address.password == SECRET
    assert SECRET not in repr(address)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WARDSTREAM_SECURITY__KAFKA__PASSWORD", SECRET),
        ("WARDSTREAM_REDIS_URL_FILE", "/nowhere"),
        ("WARDSTREAM_SECURITY__REGISTRY__CA", "/nowhere"),
    ],
)
def test_a_command_with_wrong_settings_says_so_in_one_sentence(
    variable: str, value: str, tmp_path: Path
) -> None:
    """Run it as a process, because an operator sees what that prints."""
    done = subprocess.run(
        [sys.executable, "-m", "workers.cli", "settings"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd()), variable: value},
        cwd=Path.cwd(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 78, done.stderr
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr + done.stdout


def test_a_user_and_an_authority_are_added_to_name_value_pairs(pem: Path) -> None:
    user = User(user="ward", password=SecretStr("a 'b"), ca=pem)

    address = database_address("host=db user=old password=x", user)

    assert conninfo_to_dict(address) == {
        "host": "db",
        "user": "ward",
        "password": "a 'b",
        "sslmode": "verify-full",
        "sslrootcert": str(pem),
    }


def test_brokers_with_the_protocol_of_the_settings_are_taken() -> None:
    settings = Settings.model_validate(
        {
            "kafka_bootstrap": "SASL_PLAINTEXT://k:9093,l",
            "security": {"kafka": {"user": "ward", "password": "x"}},
        }
    )

    assert settings.kafka_bootstrap == "k:9093,l:9092"
