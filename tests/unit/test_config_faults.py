"""Every kind of mistake that the settings can hold: file, line, field, and the words."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import ConfigErrors, load
from signalbox.domain.errors import ConfigError

NOW_US = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000
KINDS = InstalledKinds()
DIGEST = "a1" * 32

GOOD = f"""\
[server]
port = 8484

[places]
se = "Sweden"
us = "United States"

[boundaries]
eu = ["se"]
world = ["se", "us"]

[policy]
files = ["policies/*.cedar"]
schema = "policies/test.cedarschema"

[[vendors]]
id = "openai"
name = "OpenAI"

[[vendors]]
id = "mistral"
name = "Mistral AI"

[[models]]
id = "gpt"
vendor = "openai"
version = "1"
quality = {{ default = 0.5, drafting = 0.75 }}

[[models]]
id = "small"
vendor = "mistral"
version = "2"
quality = {{ default = 0.4 }}

[[endpoints]]
id = "azure-gpt"
vendor = "openai"
model = "gpt"
provider = "openai-compatible"
cloud = "azure"
region = "swedencentral"
operator = "microsoft"
processor = "microsoft"
inference_places = ["se"]
storage_places = ["se"]
retention = "days-30"
trains_on_data = false
contract = "DPA"
terms_version = "2025-09"
served_names = ["gpt-1"]
capabilities = ["streaming", "tools"]
limits = {{ context_tokens = 8192, output_tokens = 2048, concurrency = 4 }}
speed = {{ first_token = "300ms", input_tokens_per_s = 1000, output_tokens_per_s = 50.5 }}
price = {{ currency = "USD", input_per_mtok = "0.15", output_per_mtok = "0.60" }}
lifecycle = {{ available_from = 2025-01-01, retired_from = 2027-01-01 }}
evidence = {{ processor = "the contract" }}

[endpoints.transport]
base_url = "https://azure.example/openai/v1"
credential = "AZURE_KEY"

[[endpoints]]
id = "own-small"
vendor = "mistral"
model = "small"
provider = "embedded"
cloud = "on-premises"
region = "local"
operator = "self"
processor = "self"
inference_places = ["se"]
storage_places = []
retention = "none"
trains_on_data = false
contract = "none"
terms_version = "1"
served_names = ["small"]
capabilities = ["streaming"]
limits = {{ context_tokens = 4096, output_tokens = 1024, concurrency = 1 }}
speed = {{ first_token = "1s", input_tokens_per_s = 30, output_tokens_per_s = 7 }}
lifecycle = {{ available_from = 2025-01-01 }}
transport = {{ model_file = "small.gguf" }}

[endpoints.price]
currency = "USD"
input_per_mtok = "0"
output_per_mtok = "0.10"

[objectives.balanced]
quality = 50

[[tenants]]
id = "acme"
default_boundary = "eu"
feature_objectives = {{ "excel.formula" = "quality" }}

[[tenants]]
id = "other"

[[keys]]
id = "k1"
tenant = "acme"
sha256 = "{DIGEST}"
subject = "add-in"
app = "excel"
may_assert = ["label"]

[[keys]]
id = "k2"
tenant = "other"
sha256 = "{"b2" * 32}"
subject = "batch"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "base.cedar").write_text("permit (principal, action, resource);\n")
    (tmp_path / "policies" / "test.cedarschema").write_text("entity Tenant;\n")

    def write_settings(text: str) -> Path:
        path = tmp_path / "signalbox.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_settings


def errors_of(path: Path, env: dict[str, str] | None = None) -> tuple[ConfigError, ...]:
    with pytest.raises(ConfigErrors) as caught:
        load(path, env or {}, now_us=NOW_US, provider_kinds=KINDS)
    return caught.value.errors


def test_the_good_file_is_good(write: Callable[[str], Path]) -> None:
    load(write(GOOD), {}, now_us=NOW_US, provider_kinds=KINDS)


# (what is wrong, what is replaced, by what, text on the line that is to be named, field, words)
CASES = [
    ("unknown field", 'region = "swedencentral"', 'region = "swedencentral"\nretension = "none"',
     "retension =", "endpoints[0].retension", "unknown field `retension`; did you mean `retention`?"),
    ("unknown field far from any", "port = 8484", "port = 8484\nzzz = 1",
     "zzz =", "server.zzz", "unknown field `zzz`; expected one of `body_bytes_max`, `body_timeout`, "),
    ("unknown table", "[server]", "[sever]", "[sever]", "sever", "did you mean `server`?"),
    ("unknown field in an inline table", "concurrency = 4 }", "concurrency = 4, burst = 2 }",
     "burst = 2", "endpoints[0].limits.burst", "unknown field `burst`"),
    ("wrong type: text for a number", "port = 8484", 'port = "8484"',
     "port =", "server.port", "expected a port from 0 to 65535 (0: any free one); found a string"),
    ("hedge of no latency class", "[server]", '[dispatch.hedge]\ninteractiv = "1s"\n[server]',
     "interactiv =", "dispatch.hedge.interactiv", "unknown latency class `interactiv`"),
    ("hedge after no time at all", "[server]", '[dispatch.hedge]\nbatch = "0s"\n[server]',
     "batch =", "dispatch.hedge.batch", "expected a duration such as"),
    ("a retry budget above all", "[server]", '[dispatch.retry_budget]\nshare = 1.5\n[server]',
     "share =", "dispatch.retry_budget.share", "expected a number from 0 to 1"),
    ("repairs without end", "[server]", '[dispatch]\nrepairs = 4\n[server]',
     "repairs =", "dispatch.repairs", "expected a whole number from 0 to 3; found `4`"),
    ("wrong type: number for money", 'input_per_mtok = "0.15"', "input_per_mtok = 0.15",
     "0.15", "endpoints[0].price.input_per_mtok",
     'expected an amount as a decimal string such as "0.15"; found a number'),
    ("wrong type: true is no number", "port = 8484", "port = true",
     "port =", "server.port", "found true or false"),
    ("wrong type: text for a list", 'inference_places = ["se"]\nstorage_places = ["se"]',
     'inference_places = "se"\nstorage_places = ["se"]',
     'inference_places = "se"', "endpoints[0].inference_places", "expected an array of every place"),
    ("wrong type within a list", 'capabilities = ["streaming", "tools"]',
     'capabilities = [\n  "streaming",\n  7,\n]',
     "  7,", "endpoints[0].capabilities[1]", "expected a string; found a whole number"),
    ("wrong type: text for a date", "retired_from = 2027-01-01", 'retired_from = "2027-01-01"',
     "retired_from", "endpoints[0].lifecycle.retired_from",
     "expected a date such as 2026-01-31, without quotes; found a string"),
    ("wrong type: time for a date", "retired_from = 2027-01-01", "retired_from = 2027-01-01T00:00:00Z",
     "retired_from", "endpoints[0].lifecycle.retired_from", "found a date or time"),
    ("feature name without quotes", '{ "excel.formula" = "quality" }', '{ excel.formula = "quality" }',
     "excel.formula", "tenants[0].feature_objectives.excel", "expected a string; found a table"),
    ("missing inference_places", 'inference_places = ["se"]\nstorage_places = ["se"]',
     'storage_places = ["se"]',
     '[[endpoints]]\nid = "azure-gpt"', "endpoints[0].inference_places",
     "missing; expected an array of every place where inference may run"),
    ("missing storage_places", 'storage_places = []\n', "", '[[endpoints]]\nid = "own-small"',
     "endpoints[1].storage_places", "missing; expected an array of every place where data rests"),
    ("missing retention", 'retention = "days-30"\n', "", '[[endpoints]]\nid = "azure-gpt"',
     "endpoints[0].retention", "missing; expected how long data is kept: `none`, `transient`"),
    ("missing processor", 'processor = "self"\n', "", '[[endpoints]]\nid = "own-small"',
     "endpoints[1].processor", "missing; expected who is the legal processor of the data"),
    ("missing operator", 'operator = "self"\n', "", '[[endpoints]]\nid = "own-small"',
     "endpoints[1].operator", "missing; expected who runs the machines"),
    ("missing training use", "trains_on_data = false\n", "", '[[endpoints]]\nid = "azure-gpt"',
     "endpoints[0].trains_on_data", "missing; expected true or false"),
    ("missing id that others refer to", 'id = "mistral"\n', "", '[[vendors]]\nname = "Mistral',
     "vendors[1].id", "missing; expected a name"),
    ("missing places", '[places]\nse = "Sweden"\nus = "United States"\n', "", "[server]", "places",
     "missing; expected a table: name of a place"),
    ("missing table", '[policy]\nfiles = ["policies/*.cedar"]\nschema = "policies/test.cedarschema"\n', "",
     "[server]", "policy", "missing; expected a table with `files` and `schema`"),
    ("processor of blanks", 'processor = "microsoft"', 'processor = "  "',
     'processor = "  "', "endpoints[0].processor", "expected some words on one line"),
    ("unknown retention", 'retention = "days-30"', 'retention = "forever"',
     'retention = "forever"', "endpoints[0].retention", "`until-deleted`; found `forever`"),
    ("duplicate vendor", 'id = "mistral"', 'id = "openai"',
     'id = "openai"\nname = "Mistral AI"', "vendors[1].id",
     "duplicate id `openai`: already taken by vendors[0] on line 17"),
    ("duplicate model", 'id = "small"\nvendor', 'id = "gpt"\nvendor',
     'id = "gpt"\nvendor = "mistral"', "models[1].id", "duplicate id `gpt`: already taken by models[0]"),
    ("duplicate endpoint", 'id = "own-small"', 'id = "azure-gpt"', 'id = "azure-gpt"\nvendor = "mistral"',
     "endpoints[1].id", "duplicate id `azure-gpt`"),
    ("duplicate tenant", 'id = "other"', 'id = "acme"', 'id = "acme"\n\n[[keys]]',
     "tenants[1].id", "duplicate id `acme`"),
    ("duplicate key", 'id = "k2"', 'id = "k1"', 'id = "k1"\ntenant = "other"', "keys[1].id",
     "duplicate id `k1`"),
    ("one secret twice", "b2" * 32, DIGEST, f'sha256 = "{DIGEST}"\nsubject = "batch"', "keys[1].sha256",
     "duplicate key: two entries would answer to one secret: already taken by keys[0]"),
    ("endpoint named as a model", 'id = "own-small"', 'id = "small"',
     'id = "small"\nvendor = "mistral"\nmodel',
     "endpoints[1].id", "`small` is the id of models[1] on line 30 too"),
    ("model named as a routing name", 'id = "gpt"', 'id = "auto"', 'id = "auto"', "models[0].id",
     "`auto` is a routing name"),
    ("endpoint named as a routing name", 'id = "own-small"', 'id = "auto:cost"', 'id = "auto:cost"',
     "endpoints[1].id", "`auto:cost` is a routing name"),
    ("a name with a blank", 'id = "azure-gpt"', 'id = "azure gpt"', 'id = "azure gpt"', "endpoints[0].id",
     "expected a name of letters, digits, `.`, `_` and `-`, at most 64"),
    ("price without currency, inline", 'price = { currency = "USD", ', "price = { ",
     "price = {", "endpoints[0].price.currency",
     'missing; expected a currency by its ISO 4217 code such as "USD"'),
    ("price without currency, table", '[endpoints.price]\ncurrency = "USD"\n', "[endpoints.price]\n",
     "[endpoints.price]", "endpoints[1].price.currency", "missing; expected a currency"),
    ("currency that is none", '{ currency = "USD"', '{ currency = "dollars"', "dollars",
     "endpoints[0].price.currency", "found `dollars`"),
    ("two currencies", '{ currency = "USD"', '{ currency = "EUR"', '[endpoints.price]\ncurrency = "USD"|+1',
     "endpoints[1].price.currency", "`USD` differs from `EUR` in endpoints[0].price.currency"),
    ("ten decimals", 'input_per_mtok = "0.15"', 'input_per_mtok = "0.1234567891"', "0.1234567891",
     "endpoints[0].price.input_per_mtok", "expected an amount with at most 9 decimals"),
    ("negative price", 'input_per_mtok = "0.15"', 'input_per_mtok = "-1"', '"-1"',
     "endpoints[0].price.input_per_mtok", "found `-1`"),
    ("past its end of life", "retired_from = 2027-01-01", "retired_from = 2026-11-22", "2026-11-22",
     "endpoints[0].lifecycle.retired_from", "past its end of life: retired on 2026-11-22"),
    ("ends before it begins", "retired_from = 2027-01-01", "deprecated_from = 2024-01-01", "2024-01-01",
     "endpoints[0].lifecycle.deprecated_from", "expected a date not before 2025-01-01"),
    ("unknown model", 'model = "small"', 'model = "smal"', 'model = "smal"', "endpoints[1].model",
     "unknown model `smal`; did you mean `small`?"),
    ("unknown vendor of an endpoint", 'vendor = "mistral"\nmodel', 'vendor = "mistrall"\nmodel',
     'vendor = "mistrall"', "endpoints[1].vendor", "unknown vendor `mistrall`; did you mean `mistral`?"),
    ("unknown vendor of a model", 'vendor = "openai"\nversion', 'vendor = "nobody"\nversion',
     'vendor = "nobody"', "models[0].vendor", "unknown vendor `nobody`; expected one of `mistral`, `openai`"),
    ("vendor of another model", 'vendor = "mistral"\nmodel', 'vendor = "openai"\nmodel',
     'vendor = "openai"\nmodel = "small"', "endpoints[1].vendor",
     "`openai` is not the vendor of model `small`, which is `mistral`"),
    ("unknown provider", 'provider = "embedded"', 'provider = "vertex"', 'provider = "vertex"',
     "endpoints[1].provider", "unknown provider kind `vertex`; expected one of `anthropic`, `azure-foundry`"),
    ("what no request to it could say", 'capabilities = ["streaming"]',
     'capabilities = ["streaming", "citations"]', '"citations"', "endpoints[1].capabilities[1]",
     "provider `embedded` cannot express `citations`: remove it"),
    ("a field for other providers", 'credential = "AZURE_KEY"', 'credential = "AZURE_KEY"\nproject = "p"',
     'project = "p"', "endpoints[0].transport.project",
     "provider `openai-compatible` has no use for `project`: remove it"),
    ("another surface", 'credential = "AZURE_KEY"', 'credential = "AZURE_KEY"\nsurface = "batch"',
     'surface = "batch"', "endpoints[0].transport.surface",
     "expected which API is asked: `chat` (the default) or `responses`; found `batch`"),
    ("undeclared place of inference", 'inference_places = ["se"]\nstorage_places = ["se"]',
     'inference_places = ["se", "mars"]\nstorage_places = ["se"]',
     '"mars"', "endpoints[0].inference_places[1]", "unknown place `mars`; expected one of `se`, `us`"),
    ("undeclared place of storage", 'storage_places = ["se"]', 'storage_places = ["mars"]', '"mars"',
     "endpoints[0].storage_places[0]", "unknown place `mars`"),
    ("inference nowhere", 'inference_places = ["se"]\nstorage_places = []',
     "inference_places = []\nstorage_places = []",
     "inference_places = []", "endpoints[1].inference_places",
     "expected at least one place where inference may run; found none"),
    ("kept, and nowhere", 'storage_places = ["se"]', "storage_places = []",
     'storage_places = []\nretention = "days-30"', "endpoints[0].storage_places",
     "expected at least one place, because retention is `days-30`"),
    ("not kept, and somewhere", "storage_places = []", 'storage_places = ["us"]', 'storage_places = ["us"]',
     "endpoints[1].storage_places", "expected `[]`, because retention is `none`"),
    ("boundary of unknown places", 'world = ["se", "us"]', 'world = ["se", "moon"]', '"moon"',
     "boundaries.world[1]", "unknown place `moon`"),
    ("boundary of nothing", 'eu = ["se"]', "eu = []", "eu = []", "boundaries.eu",
     "expected at least one place"),
    ("lower-case credential", 'credential = "AZURE_KEY"', 'credential = "azure_key"', "azure_key",
     "endpoints[0].transport.credential", "expected the name of an environment variable"),
    ("model file with a path", '"small.gguf"', '"../small.gguf"', "../small.gguf",
     "endpoints[1].transport.model_file", "expected the name of a file in embedded.models_dir"),
    ("no model file", 'transport = { model_file = "small.gguf" }', "transport = {}", "transport = {}",
     "endpoints[1].transport.model_file", "missing; provider `embedded` is reached by its model_file"),
    ("no address", 'base_url = "https://azure.example/openai/v1"\n', "", "[endpoints.transport]",
     "endpoints[0].transport.base_url", "missing; provider `openai-compatible` is reached by its base_url"),
    ("an address for the embedded", 'model_file = "small.gguf" }',
     'model_file = "small.gguf", base_url = "http://x" }',
     "base_url = \"http://x\"", "endpoints[1].transport.base_url",
     "provider `embedded` has no use for `base_url`: remove it"),
    ("address of another kind", "https://azure.example", "ftp://azure.example", "ftp:",
     "endpoints[0].transport.base_url", "expected an address such as"),
    ("weights do not sum", "[objectives.balanced]\nquality = 50", "[objectives.balanced]\nquality = 60",
     "[objectives.balanced]", "objectives.balanced",
     "expected quality, latency and cost to sum to 100; found 60 + 25 + 25 = 110"),
    ("weight beyond", "[objectives.balanced]\nquality = 50", "[objectives.balanced]\nquality = 150",
     "quality = 150", "objectives.balanced.quality", "expected a whole number from 0 to 100; found `150`"),
    ("new objective without all weights", "[objectives.balanced]\n", "[objectives.mine]\n",
     "[objectives.mine]", "objectives.mine.latency", "missing; expected a weight in percent"),
    ("unknown boundary", 'default_boundary = "eu"', 'default_boundary = "mars"', 'default_boundary = "mars"',
     "tenants[0].default_boundary", "unknown boundary `mars`; expected one of `eu`, `world`"),
    ("unknown default boundary", 'world = ["se", "us"]', "", '[[tenants]]\nid = "other"',
     "tenants[1].default_boundary", "unknown boundary `world`"),
    ("unknown objective of a feature", '"quality" }', '"beauty" }', "beauty",
     'tenants[0].feature_objectives."excel.formula"', "unknown objective `beauty`"),
    ("feature without an app", '"excel.formula" =', '"formula" =', '"formula" =',
     "tenants[0].feature_objectives.formula", 'expected an app and a feature such as "excel.formula"'),
    ("key of nobody", 'tenant = "other"', 'tenant = "others"', 'tenant = "others"', "keys[1].tenant",
     "unknown tenant `others`; did you mean `other`?"),
    ("key without digest", f'sha256 = "{DIGEST}"\n', "", '[[keys]]\nid = "k1"', "keys[0].sha256",
     "missing; expected the SHA-256 of the key as 64 lower-case hex digits"),
    ("digest in capitals", DIGEST, DIGEST.upper(), DIGEST.upper(), "keys[0].sha256",
     "64 lower-case hex digits"),
    ("digest of nothing", DIGEST, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "e3b0c44298", "keys[0].sha256", "this is the SHA-256 of an empty text"),
    ("feature without app", 'app = "excel"', 'feature = "formula"', 'feature = "formula"', "keys[0].feature",
     "expected `app` too"),
    ("may assert the unknown", '["label"]', '["labels"]', '["labels"]', "keys[0].may_assert[0]",
     "unknown field that a caller may assert `labels`; did you mean `label`?"),
    ("no policy file", '"policies/*.cedar"', '"rules/*.cedar"', '"rules/*.cedar"', "policy.files[0]",
     "no file matches `rules/*.cedar`"),
    ("no policy patterns", 'files = ["policies/*.cedar"]', "files = []", "files = []", "policy.files",
     "expected at least one pattern"),
    ("no schema", "policies/test.cedarschema", "policies/none.cedarschema", "none.cedarschema",
     "policy.schema",
     "cannot read "),
    ("unknown capability", '["streaming", "tools"]', '["streaming", "tolls"]', '"tolls"',
     "endpoints[0].capabilities[1]", "unknown capability `tolls`; did you mean `tools`?"),
    ("unknown task type", "drafting = 0.75", "drafing = 0.75", "drafing", "models[0].quality.drafing",
     "unknown task type `drafing`; did you mean `drafting`?"),
    ("quality beyond one", "default = 0.5,", "default = 1.5,", "default = 1.5", "models[0].quality.default",
     "expected a number from 0 to 1 with at most 4 decimals; found `1.5`"),
    ("quality too fine", "default = 0.5,", "default = 0.50001,", "0.50001", "models[0].quality.default",
     "at most 4 decimals"),
    ("quality that is no number", "default = 0.5,", "default = nan,", "nan", "models[0].quality.default",
     "found `NaN`"),
    ("no prior for the rest", "{ default = 0.4 }", "{ chat = 0.4 }", "chat = 0.4",
     "models[1].quality.default",
     "missing; expected the prior for the tasks not named"),
    ("more out than in", "output_tokens = 1024", "output_tokens = 9999", "9999",
     "endpoints[1].limits.output_tokens", "expected at most context_tokens, 4096; found `9999`"),
    ("no speed", "output_tokens_per_s = 7 ", "output_tokens_per_s = 0 ", "output_tokens_per_s = 0 ",
     "endpoints[1].speed.output_tokens_per_s", "expected tokens per second from 0.001"),
    ("a duration without unit", 'first_token = "1s"', 'first_token = "1"', 'first_token = "1"',
     "endpoints[1].speed.first_token", 'expected a duration such as "250ms"'),
    ("evidence for nothing", 'evidence = { processor =', 'evidence = { procesor =', "procesor",
     "endpoints[0].evidence.procesor", "unknown field `procesor`; did you mean `processor`?"),
    ("port beyond", "port = 8484", "port = 70000", "70000", "server.port",
     "expected a whole number from 0 to 65535; found `70000`"),
    ("header limit too small", "port = 8484", 'header_bytes_max = "1B"', '"1B"', "server.header_bytes_max",
     "expected from "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "at", "field", "words"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_mistake_is_named_with_file_line_field_and_words(
    write: Callable[[str], Path], old: str, new: str, at: str, field: str, words: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    snippet, _, offset = at.partition("|+")
    assert snippet in text
    line = text[: text.index(snippet)].count("\n") + 1 + int(offset or 0)
    path = write(text)
    found = [error for error in errors_of(path) if error.field == field]
    assert len(found) == 1, errors_of(path)
    assert (found[0].file, found[0].line) == (str(path), line)
    assert words in found[0].expected
    assert found[0].message.startswith(f"{path}:{line}: {field}: ")


def test_most_mistakes_cause_one_error_only(write: Callable[[str], Path]) -> None:
    """A fault does not drag others after it: the noise would hide the cause."""
    noisy = {name for name, old, new, *_ in CASES if len(errors_of(write(GOOD.replace(old, new, 1)))) > 1}
    # Two weights are missing; and what another entry referred to is gone under its name.
    assert noisy == {
        "new objective without all weights",
        "duplicate vendor",
        "duplicate model",
        "duplicate tenant",
        "model named as a routing name",
    }


def test_all_mistakes_are_found_in_one_go(write: Callable[[str], Path]) -> None:
    """Shape faults and meaning faults together, several in one table."""
    text = (
        GOOD.replace('operator = "microsoft"\n', "", 1)
        .replace(
            'inference_places = ["se"]\nstorage_places = ["se"]',
            'inference_places = ["mars"]\nstorage_places = []',
            1,
        )
        .replace("retired_from = 2027-01-01", "retired_from = 2026-01-01", 1)
        .replace('credential = "AZURE_KEY"', 'credential = "sk-live"', 1)
        .replace('price = { currency = "USD", ', "price = { ", 1)
        .replace('id = "other"', 'id = "acme"', 1)
        .replace('"policies/*.cedar"', '"none/*.cedar"', 1)
        .replace("port = 8484", 'port = "x"', 1)
    )
    errors = errors_of(write(text), {"SIGNALBOX_PORT": "http"})
    assert [error.field for error in errors] == [
        "SIGNALBOX_PORT",
        "server.port",
        "policy.files[0]",
        "endpoints[0].operator",
        "endpoints[0].inference_places[0]",
        "endpoints[0].storage_places",
        "endpoints[0].price.currency",
        "endpoints[0].lifecycle.retired_from",
        "endpoints[0].transport.credential",
        "tenants[1].id",
        "keys[1].tenant",
    ]


SECRETS = [
    ('credential = "AZURE_KEY"', 'credential = "{}"', "sk-proj-abcDEF0123456789"),
    ('credential = "AZURE_KEY"', 'credential = "{}"', "AKIAIOSFODNN7EXAMPLE"),
    ('credential = "AZURE_KEY"', 'credential = ["{}"]', "sk-proj-abcDEF0123456789"),
    (f'sha256 = "{DIGEST}"', 'sha256 = "{}"', "sb-0123456789abcdef"),
    ("https://azure.example", "https://user:{}@azure.example", "hunter2hunter2"),
    ("azure.example/openai/v1", "azure.example/openai/v1?api-key={}", "hunter2hunter2"),
    ("port = 8484", 'port = "{}"', "sk-proj-abcDEF0123456789"),
]


@pytest.mark.parametrize(("old", "new", "secret"), SECRETS)
def test_a_secret_in_the_file_is_refused_and_never_repeated(
    write: Callable[[str], Path], old: str, new: str, secret: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(write(GOOD.replace(old, new.format(secret), 1)), {}, now_us=NOW_US, provider_kinds=KINDS)
    (error,) = caught.value.errors
    assert error.line
    assert secret not in str(caught.value) + caught.value.operator + error.operator


def test_end_of_life_is_judged_at_the_moment_handed_in(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    day_us = 86_400_000_000
    retired_us = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    load(path, {}, now_us=retired_us - 1, provider_kinds=KINDS)
    for now_us in (retired_us, retired_us + day_us):
        with pytest.raises(ConfigErrors, match="past its end of life"):
            load(path, {}, now_us=now_us, provider_kinds=KINDS)


def test_a_policy_that_is_no_text(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    (path.parent / "policies" / "bad.cedar").write_bytes(b"permit \xff")
    (error,) = errors_of(path)
    assert error.field == "policy.files[0]"
    assert "bad.cedar is not UTF-8, at byte 7" in error.expected


def test_an_empty_file_lacks_what_has_no_default(write: Callable[[str], Path]) -> None:
    fields = {error.field for error in errors_of(write(""))}
    assert fields == {"places", "boundaries", "vendors", "models", "endpoints", "tenants", "policy"}


@pytest.mark.parametrize("value", ["http", "-1", "65536", "８４８４", "8484 "])
def test_a_port_in_the_environment_that_is_none(write: Callable[[str], Path], value: str) -> None:
    (error,) = errors_of(write(GOOD), {"SIGNALBOX_PORT": value})
    assert (error.file, error.line, error.field) == ("environment", 0, "SIGNALBOX_PORT")
