"""The documentation is true: what is generated is current, what is code runs, what is named exists."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jsonschema_rs
import pytest
import yaml

from specduet.cli import cli
from specduet.contracts.clauses import all_clauses
from specduet.contracts.session import baseline
from specduet.contracts.session.settings import resolve_settings
from specduet.specs import behavior, load
from specduet.specs.webhook_statements import WebhookBehavior
from tests.docs.generated import DOCS, FILES

ROOT = DOCS.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])


class Block(NamedTuple):
    """A fenced block of a page; ``first`` is its first line."""

    page: str
    line: int
    language: str
    text: str

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]


def blocks(*languages: str) -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if match[1] in languages:
                yield Block(page.name, text.count("\n", 0, match.start()) + 1, match[1], match[2])


def is_session(page: str) -> bool:
    """Whether a page shows what a mock responds that it starts."""
    return any(block.page == page and "$ specduet mock " in block.text for block in blocks("console"))


def ident(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the pages show."""
    for block in blocks("yaml"):
        if block.first.startswith("# file: "):
            (tmp_path / block.first.removeprefix("# file: ")).write_text(block.text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_generated_pages_are_current(name: str) -> None:
    """What is made from the clauses and from --help stands in docs/ as it would be made now (make docs)."""
    assert (DOCS / name).read_text(encoding="utf-8") == FILES[name]()


def test_every_clause_is_explained() -> None:
    """Each clause has a sentence that ends as one, and more to say than that."""
    for clause in all_clauses():
        assert clause.sentence.endswith("."), clause.code
        assert clause.details, f"{clause.code} has no docstring"


def test_every_command_and_option_has_help() -> None:
    """Every command has a docstring with an example, every option says what it does."""
    for command in cli.commands.values():
        assert "Example: specduet" in (command.help or ""), command.name
        for option in command.params:
            assert option.param_type_name == "argument" or getattr(option, "help", None), option.name


def is_run_here(block: Block) -> bool:
    """Whether a block needs nothing but our own environment: a client's block is run with the client (make clients)."""
    return block.first != "# pytest" and not block.first.startswith("# client: ")


@pytest.mark.parametrize("block", [b for b in blocks("python") if is_run_here(b)], ids=ident)
def test_python_blocks_run(block: Block, folder: Path) -> None:
    """Every Python block of the documentation runs, and its assertions hold."""
    path = folder / "block.py"
    path.write_text(block.text, encoding="utf-8")
    done = subprocess.run([sys.executable, str(path)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", [b for b in blocks("python") if b.first == "# pytest"], ids=ident)
def test_pytest_blocks_pass(block: Block, tmp_path: Path) -> None:
    """A block that is a test of somebody else's passes in a folder of its own."""
    (tmp_path / "test_block.py").write_text(block.text, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_block.py"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def shown() -> Iterator[tuple[str, str]]:
    """The commands that are shown with their output; what make sets up is shown, and tried by hand and by CI."""
    for block in blocks("console"):
        if is_session(block.page):
            continue  # the page is run as a whole: test_mock_sessions.py
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith("specduet"):
                yield command, output


@pytest.mark.parametrize(("command", "output"), [pytest.param(*pair, id=pair[0]) for pair in shown()])
def test_console_blocks_tell_the_truth(command: str, output: str, folder: Path) -> None:
    """A command that is shown with its output prints it; a line ``…`` stands for any lines."""
    home = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{home}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "110"}
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 - whichever bash there is
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    pattern = re.escape(masked(output)).replace(re.escape("…\n"), "(?:.*\n)*?")
    assert re.fullmatch(pattern, masked(done.stdout + done.stderr)), done.stdout + done.stderr


def masked(text: str) -> str:
    return re.sub(r"\d+(\.\d+)? s\b", "TIME s", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text))


SHOP = """
openapi: 3.1.0
info: {title: Shop, version: 1.0.0}
webhooks:
  order.paid: {post: {requestBody: {content: {application/json: {schema: {type: object, properties:
    {data: {$ref: '#/components/schemas/Order'}, at: {type: integer}, valid_until: {type: integer}}}}}}}}
paths:
  /shops/{shop}/orders:
    parameters: [{name: shop, in: path, required: true, schema: {type: string}}]
    get:
      operationId: listOrders
      parameters:
        - {name: order, in: query, schema: {type: string, enum: [asc, desc], default: desc}}
        - {name: limit, in: query, schema: {type: integer, default: 20}}
        - {name: offset, in: query, schema: {type: integer, default: 0}}
        - {name: cursor, in: query, schema: {type: string, format: date-time}}
        - {name: state, in: query, schema: {type: string}}
        - {name: since, in: query, schema: {type: string, format: date-time}}
        - {name: buyer, in: query, schema: {type: string}}
      responses: {'200': {description: Orders, content: {application/json: {schema:
        {type: array, items: {$ref: '#/components/schemas/Order'}}}}}}
    post:
      operationId: startOrder
      parameters: [{name: x-kind, in: header, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object, properties: {state: {type: string}}}}}}
      responses: {'201': {description: Started, content: {application/json: {schema:
        {$ref: '#/components/schemas/Order'}}}}}
  /orders/{order_id}:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    get: &order
      operationId: getOrder
      responses: {'200': {description: It, content: {application/json: {schema:
        {$ref: '#/components/schemas/Order'}}}}}
    patch: {<<: *order, operationId: changeOrder}
    put: {<<: *order, operationId: putOrder}
    delete: {<<: *order, operationId: removeOrder}
  /orders/{order_id}/pay:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    post: {<<: *order, operationId: payOrder}
  /orders/{order_id}/resume:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    post: {<<: *order, operationId: resumeOrder}
  /orders/{order_id}/webhooks:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    post: {<<: *order, operationId: replayWebhooks}
  /orders/{order_id}/notes:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: listNotes
      parameters:
        - {name: after, in: query, schema: {type: string}}
        - {name: before, in: query, schema: {type: string}}
      responses: {'200': {description: Notes, content: {application/json: {schema:
        {type: array, items: {$ref: '#/components/schemas/Note'}}}}}}
  /orders:
    post:
      operationId: addOrder
      responses: {'201': {description: Started, content: {application/json: {schema:
        {$ref: '#/components/schemas/Order'}}}}}
  /products:
    get:
      operationId: listProducts
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {name: per_page, in: query, schema: {type: integer}}
        - {name: sort, in: query, schema: {type: string}}
        - {name: dir, in: query, schema: {type: string}}
        - {name: q, in: query, schema: {type: string}}
      responses: {'200': {description: Products, headers: {Link: {schema: {type: string}}},
        content: {application/json: {schema: {type: object, properties: {result: {type: object, properties:
        {products: {type: array, items: {type: object}}, total: {type: integer}, next: {type: string}}}}}}}}}
  /products/{sku}:
    parameters: [{name: sku, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getProduct
      responses: {'200': {description: It, content: {application/json: {schema: {type: object, properties:
        {sku: {type: string}, price: {type: integer}, created_at: {type: string, format: date-time}}}}}}}
  /receipts:
    post:
      operationId: storeReceipt
      requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {file: {format: binary}}}}}}
      responses: {'201': {description: It, content: {application/json: {schema:
        {$ref: '#/components/schemas/Receipt'}}}}}
  /receipts/{receipt_id}/content:
    parameters: [{name: receipt_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: readReceipt
      responses: {'200': {description: It, content: {application/pdf: {}}}}
  /orders/{order_id}/events:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: followOrder
      responses: {'200': {description: Its course, content: {application/json: {schema: {type: array, items:
        {type: object, properties: {state: {type: string}, at: {type: string, format: date-time}}}}}}}}
  /tills/{till}/events:
    parameters: [{name: till, in: path, required: true, schema: {type: string}}]
    get:
      operationId: followTill
      responses: {'200': {description: All orders of a till, content: {text/event-stream: {}}}}
components:
  schemas:
    Profile: {type: object, properties: {name: {type: string}}}
    Note: {x-specduet: {resource: note, id: {field: id, basis: assumed}}, type: object,
      properties: {id: {type: string}, text: {type: string}}}
    Receipt: {x-specduet: {resource: receipt, id: {field: id, basis: assumed}}, type: object,
      properties: {id: {type: string}, scan_url: {type: string}, scan_url_expires: {type: string}}}
    Order:
      type: object
      properties:
        id: {type: string}
        shop: {type: string}
        number: {type: string}
        product_sku: {type: string}
        owner_id: {type: string}
        kind: {type: string}
        state: {type: string, enum: [open, paid, sent, lost]}
        active: {type: boolean}
        goods: {type: integer}
        postage: {type: integer}
        total: {type: integer}
        created_at: {type: string, format: date-time}
        sent_at: {type: [string, 'null'], format: date-time}
"""


def overlay_actions() -> Iterator[dict[str, object]]:
    for block in blocks("yaml"):
        found = re.match(r"# specduet: target (.+)", block.first)
        if found:
            yield {"target": found[1], "update": {"x-specduet": yaml.safe_load(block.text)}}


def test_the_vocabulary_page_is_an_overlay(tmp_path: Path) -> None:
    """The page's examples, put together as one overlay of a small shop, load: no key and no field is made up."""
    (tmp_path / "openapi.yaml").write_text(SHOP, encoding="utf-8")
    overlay = {
        "overlay": "1.0.0",
        "info": {"title": "The page", "version": "1.0.0"},
        "actions": list(overlay_actions()),
    }
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    api = load(tmp_path / "openapi.yaml")
    listed = api.operation("listOrders").behavior
    assert listed.order is not None
    assert set(listed.filters) == {"state", "since", "buyer"}


def test_the_vocabulary_page_shows_every_statement() -> None:
    """No statement that can be made is missing from the page."""
    page = (DOCS / "vocabulary.md").read_text(encoding="utf-8")
    for words in (behavior.ApiBehavior, behavior.ResourceBehavior, behavior.OperationBehavior, WebhookBehavior):
        for name in words.__struct_fields__:
            assert re.search(rf"^{name.replace('_', '-')}:", page, re.MULTILINE), name
    for name in behavior.Filter.__struct_fields__:
        assert f"{name.replace('_', '-')}:" in page, name


def test_the_report_page_shows_a_valid_report() -> None:
    """The example of report.json is valid by its own schema."""
    (example,) = (json.loads(block.text) for block in blocks("json") if block.page == "report.md")
    schema = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(example)


def test_the_settings_of_the_pages_are_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every specduet.toml and baseline that is shown can be used."""
    monkeypatch.setenv("NX1_KEY", "n")
    monkeypatch.setenv("SEEKR_KEY", "s")
    known = [block for block in blocks("yaml") if block.first == "# baseline"]
    settings = list(blocks("toml"))
    assert known
    assert settings
    for block in known:
        (tmp_path / "specduet-baseline.yaml").write_text(block.text, encoding="utf-8")
        assert baseline.load_baseline(tmp_path / "specduet-baseline.yaml")
    for block in settings:
        path = tmp_path / "specduet.toml"
        path.write_text(block.text, encoding="utf-8")
        assert resolve_settings(["nx1"], {}, path).url


def test_links_lead_somewhere() -> None:
    """A link to another page or file of the project finds it."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_make_help_names_every_goal() -> None:
    """``make help`` lists the goals that the Makefile declares, each with a sentence."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    words = ["make", "help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    goals = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert goals is not None
    assert [line.split()[1] for line in done.stdout.splitlines()] == goals[1].split()
