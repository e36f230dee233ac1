"""A second reader of Haversack snapshots, format version 1, with the standard library of Python 3.9 or newer alone.

Written from docs/snapshot-format.md, to whose sections the comments point. It shows that the document suffices, and is
a start for a reader in another language.

    python3 read_snapshot.py PACK...            name, sizes and sections of packs
    python3 read_snapshot.py --vectors FOLDER   checks all packs of FOLDER/index.json; exit code 1 when one surprises
"""

import base64
import binascii
import hashlib
import json
import re
import sys
import time
import unicodedata
import zlib
from decimal import Decimal
from pathlib import Path

KIB, MIB = 1024, 1024 * 1024
FEATURES = ("mcp", "memory.ops", "skills")
RESERVED = {"base", "delta", "encryption", "extensions", "parents", "signatures"}
FORBIDDEN_KEYS = {"__proto__", "constructor", "prototype"}
SCHEMA = json.loads((Path(__file__).parent / "v1" / "schema.json").read_text("utf-8"))


class Refused(Exception):
    """Why a pack is refused; `code` is one of the outcomes of section 5."""

    def __init__(self, code, why):
        super().__init__(f"{code}: {why}")
        self.code = code


def require(holds, code, why):
    if not holds:
        raise Refused(code, why)


# Section 5, steps 1 to 6: from bytes to content that is what it claims to be.


def read_pack(pack, claims=None):
    """The content of a pack and its name. Without claims, the pack's word about its size is taken, within limits."""
    if claims is not None:
        require(claims["formatVersion"] == 1, "snapshot_version_unsupported", "another format version")
        require(len(pack) == claims["compressedSize"], "snapshot_corrupt", "another length")
    require(len(pack) <= 4 * MIB, "snapshot_too_large", "compressed")
    require(len(pack) >= 18, "snapshot_corrupt", "too short")
    require(pack[:4] == b"\x1f\x8b\x08\x00", "snapshot_corrupt", "not a gzip header without flags")
    crc, size = (int.from_bytes(pack[at : at + 4], "little") for at in (len(pack) - 8, len(pack) - 4))
    if claims is not None:
        require(size == claims["uncompressedSize"], "snapshot_corrupt", "another size")
    require(size <= 16 * MIB, "snapshot_too_large", "uncompressed")
    raw = inflate(pack, size)
    require(zlib.crc32(raw) == crc, "snapshot_corrupt", "CRC-32")
    name = "sha256:" + hashlib.sha256(raw).hexdigest()
    require(claims is None or name == claims["digest"], "snapshot_corrupt", "digest")
    return decode(raw), name


def inflate(pack, size):
    """Exactly `size` bytes from the one member, in pieces that bound memory."""
    stream = zlib.decompressobj(-15)
    out = bytearray()
    started = time.thread_time()
    taken = 10
    while taken < len(pack) and not stream.eof:
        piece = pack[taken : taken + 4 * KIB]
        taken += len(piece)
        try:
            out += stream.decompress(piece)
        except zlib.error as error:
            raise Refused("snapshot_corrupt", str(error)) from error
        require(len(out) < MIB or len(out) <= 250 * taken, "snapshot_hostile", "ratio")
        require(len(out) <= size, "snapshot_corrupt", "more than it says")
        require(time.thread_time() - started < 5, "snapshot_hostile", "CPU time")
    require(stream.eof, "snapshot_corrupt", "the stream does not end")
    end = taken - len(stream.unused_data) + 8
    require(pack[end : end + 3] != b"\x1f\x8b\x08", "snapshot_hostile", "a second member")
    require(end == len(pack), "snapshot_corrupt", "the stream does not end where the pack ends")
    require(len(out) == size, "snapshot_corrupt", "less than it says")
    return bytes(out)


# Section 5, step 7: from bytes to a value that is a pack.


def decode(raw):
    scan(raw)
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, parse_constant=lambda name: 1 / 0)
        same = canonical(value) == raw
    except (ValueError, ZeroDivisionError) as error:
        raise Refused("snapshot_invalid", "not JSON in UTF-8") from error
    require(same, "snapshot_invalid", "not in canonical form")
    check_head(value)
    require(fits(value, SCHEMA), "snapshot_invalid", "not the shape of the schema")
    check_limits(value)
    check_order(value)
    check_references(value)
    check_memory(value)
    for skill in value["skills"]:
        check_skill(skill)
    return value


def scan(raw):
    """Depth and number of values before anything is parsed: one value more for each bracket that opens and each comma."""
    depth, values = 0, 1
    token = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)
    for match in token.finditer(raw):
        byte = match.group()[:1]
        if byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
        values += byte in b"[{,"
        require(depth <= 32, "snapshot_hostile", "nesting")
        require(values <= 100_000, "snapshot_hostile", "values")


def canonical(value):
    """Section 2. Raises ValueError (UnicodeEncodeError is one) or Refused for what has no canonical form."""
    out = []
    print_value(value, out.append)
    return "".join(out).encode("utf-8")


def print_value(value, put):
    if value is None or isinstance(value, bool):
        put({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, str):
        put(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, (int, float)):
        put(number_text(value))
    elif isinstance(value, list):
        put("[")
        for index, item in enumerate(value):
            put("," if index else "")
            print_value(item, put)
        put("]")
    else:
        put("{")
        for index, key in enumerate(sorted(value, key=utf16)):
            require(key not in FORBIDDEN_KEYS, "snapshot_hostile", "a key that sets prototypes")
            put("," if index else "")
            put(json.dumps(key, ensure_ascii=False) + ":")
            print_value(value[key], put)
        put("}")


def number_text(value):
    """The shortest decimal text that reads back as this double, without an exponent."""
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise ValueError("beyond 2^53 - 1")
        return str(value)
    if value != value or value in (float("inf"), float("-inf")) or value.is_integer() or abs(value) < 1e-6:
        raise ValueError("not a number with a canonical text")
    return format(Decimal(repr(value)), "f")


def utf16(text):
    return text.encode("utf-16-be", "surrogatepass")


def check_head(value):
    known = isinstance(value, dict) and value.get("format") == "haversack-snapshot"
    require(known, "snapshot_invalid", "another format")
    version = value.get("version")
    require(type(version) is int and version == 1, "snapshot_version_unsupported", "another version")
    require(not RESERVED & value.keys(), "snapshot_version_unsupported", "a reserved key")
    requires = value.get("requires")
    asked = requires if isinstance(requires, list) else []
    require(all(one in FEATURES for one in asked), "snapshot_version_unsupported", "an unknown feature")


# Section 3: the shape, as the published schema has it. Knows the keywords that the schema uses, and no others.

TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "null": lambda value: value is None,
}
REMARKS = {"$schema", "$defs", "title", "description", "format", "contentEncoding"}


def fits(value, schema):
    return all(fits_keyword(value, word, rule, schema) for word, rule in schema.items() if word not in REMARKS)


def fits_keyword(value, word, rule, schema):
    is_object, is_text = isinstance(value, dict), isinstance(value, str)
    checks = {
        "$ref": lambda: fits(value, SCHEMA["$defs"][rule[len("#/$defs/") :]]),
        "type": lambda: any(TYPES[one](value) for one in ([rule] if isinstance(rule, str) else rule)),
        "const": lambda: value == rule,
        "enum": lambda: value in rule,
        "anyOf": lambda: any(fits(value, one) for one in rule),
        "oneOf": lambda: sum(fits(value, one) for one in rule) == 1,
        "allOf": lambda: all(fits(value, one) for one in rule),
        "pattern": lambda: not is_text or re.search(rule.replace("$", r"\Z"), value) is not None,
        "minLength": lambda: not is_text or len(value) >= rule,
        "maxLength": lambda: not is_text or len(utf16(value)) // 2 <= rule,
        "minimum": lambda: not TYPES["number"](value) or value >= rule,
        "maximum": lambda: not TYPES["number"](value) or value <= rule,
        "items": lambda: not isinstance(value, list) or all(fits(item, rule) for item in value),
        "minItems": lambda: not isinstance(value, list) or len(value) >= rule,
        "required": lambda: not is_object or all(key in value for key in rule),
        "properties": lambda: not is_object or all(fits(value[key], rule[key]) for key in rule if key in value),
        "propertyNames": lambda: not is_object or all(fits(key, rule) for key in value),
        "additionalProperties": lambda: not is_object
        or all(
            rule is not False and fits(item, rule)
            for key, item in value.items()
            if key not in schema.get("properties", {})
        ),
    }
    return checks[word]()


# Section 4: limits.


def check_limits(content):
    def at_most(count, bound, what):
        require(count <= bound, "snapshot_too_large", what)

    at_most(len(content["models"]), 8, "models")
    at_most(len(content["skills"]), 64, "skills")
    files = [file for skill in content["skills"] for file in skill["files"]]
    at_most(len(files), 4096, "files")
    for file in files:
        at_most(file_size(file), 4 * MIB, file["path"])
    for soul in content["souls"]:
        at_most(len(soul["text"]), 20_000, "soul")
    for scope in memory_scopes(content):
        text = scope["text"]
        at_most(text.count("\n") + (text != "" and not text.endswith("\n")), 200, "lines of memory")
        at_most(len(text.encode()), 25 * KIB, "index of memory")
        at_most(len(scope["topics"]), 64, "topics of memory")
        at_most(len(canonical(scope)), 256 * KIB, "memory")


def file_size(file):
    if "text" in file:
        return len(file["text"].encode())
    return len(file["base64"]) // 4 * 3 - file["base64"].count("=")


def memory_scopes(content):
    memory = content["memory"]
    return [scope for scope in (memory["global"], *memory["dags"].values()) if scope is not None]


# Sections 2 and 3: order, references between sections, memory, files.


def check_order(content):
    config = content["config"]
    ascending(content["requires"])
    ascending([model["id"] for model in content["models"]])
    ascending([skill["name"] for skill in content["skills"]])
    ascending([soul["id"] for soul in content["souls"]])
    for key in ("skills", "tools", "network"):
        ascending(config[key])
    ascending([server["name"] for server in config["mcpServers"]])
    ascending(config["memory"]["read"])
    for model in content["models"]:
        ascending(model["input"])
    chain = config["modelChain"]
    require(len(set(chain)) == len(chain), "snapshot_invalid", "a model twice in the chain")


def ascending(texts, key=utf16):
    keys = [key(text) for text in texts]
    require(all(a < b for a, b in zip(keys, keys[1:])), "snapshot_invalid", "a list that is not sorted")


def check_references(content):
    config, invalid = content["config"], "snapshot_invalid"
    models = [model["id"] for model in content["models"]]
    require(models == sorted(config["modelChain"]), invalid, "models are not those of the chain")
    skills = [skill["name"] for skill in content["skills"]]
    require(skills == config["skills"], invalid, "skills are not those of config")
    souls = [soul["id"] for soul in content["souls"]]
    require(config["soul"] is None or config["soul"] in souls, invalid, "the soul is missing")
    writes = any(mode != "none" for mode in config["memory"]["write"].values())
    used = {"mcp": config["mcpServers"] != [], "memory.ops": writes, "skills": config["skills"] != []}
    require(content["requires"] == [one for one in FEATURES if used[one]], invalid, "requires is not what is used")
    texts = sorted({canonical(ref) for ref in references(content)}, key=lambda text: utf16(text.decode()))
    require([canonical(ref) for ref in content["secrets"]] == texts, invalid, "secrets are not what is used")


def references(content):
    for model in content["models"]:
        places = (model["apiKey"], model["baseURL"], *model["headers"].values())
        yield from (value for value in places if isinstance(value, dict))
    for server in content["config"]["mcpServers"]:
        single = "command" if server["type"] == "stdio" else "url"
        named = "env" if server["type"] == "stdio" else "headers"
        for text in (server[single], *server.get("args", []), *server[named].values()):
            if isinstance(text, list):
                yield from ({"env": piece["env"]} for piece in text if isinstance(piece, dict))


def check_memory(content):
    modes, memory, invalid = content["config"]["memory"], content["memory"], "snapshot_invalid"
    require((modes["dag"] is not None) == ("dag" in modes["read"]), invalid, "memory.dag and memory.read disagree")
    for scope, mode in modes["write"].items():
        require(mode == "none" or scope in modes["read"], invalid, "memory is written and not read")
    require(memory["global"] is None or "global" in modes["read"], invalid, "memory that is not read")
    require(all(name == modes["dag"] for name in memory["dags"]), invalid, "memory that is not read")
    for scope in memory_scopes(content):
        check_paths([topic["path"] for topic in scope["topics"]])


def check_skill(skill):
    check_paths([file["path"] for file in skill["files"]])
    has_index = any(file["path"] == "SKILL.md" and "text" in file for file in skill["files"])
    require(has_index, "snapshot_invalid", "no SKILL.md")
    for file in skill["files"]:
        require("text" in file or is_canonical_base64(file["base64"]), "snapshot_invalid", "base64")


def is_canonical_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(data).decode() == text
    return False


# Section 3.3: paths.

CONTROLS = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)", re.IGNORECASE | re.ASCII)


def check_paths(paths):
    folded = {}
    for path in paths:
        require(is_good_path(path), "snapshot_hostile", f"the path {path!r}")
        require(fold(path) not in folded, "snapshot_hostile", "two paths that differ in case only")
        folded[fold(path)] = path
    for path in folded:
        segments = path.split("/")
        folders = ("/".join(segments[:count]) for count in range(1, len(segments)))
        require(not any(folder in folded for folder in folders), "snapshot_hostile", "a path below a file")
    ascending(paths, key=lambda path: path.encode())


def is_good_path(path):
    def dots_and_slashes(text):
        return len(re.findall(r"[./\\]", text))

    return (
        0 < len(path.encode()) <= 240
        and unicodedata.normalize("NFC", path) == path
        and path[0] not in "/~"
        and "\\" not in path
        and not re.match("[A-Za-z]:", path)
        and not CONTROLS.search(path)
        and not re.search("%[0-9A-Fa-f]{2}", path)
        and dots_and_slashes(unicodedata.normalize("NFKC", path)) == dots_and_slashes(path)
        and path.count("/") < 16
        and all(is_good_segment(segment) for segment in path.split("/"))
    )


def is_good_segment(segment):
    ends_well = segment != "" and segment[-1] not in ". "
    return ends_well and segment.lower() != ".git" and not DEVICES.match(segment)


def fold(path):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).upper().lower())


# The program.


def outcome_of(pack, claims):
    try:
        read_pack(pack, claims)
    except Refused as refusal:
        return refusal.code
    return "valid"


def check_vectors(folder):
    cases = json.loads((folder / "index.json").read_text("utf-8"))
    surprises = 0
    for case in cases:
        outcome = outcome_of((folder / case["file"]).read_bytes(), case["claims"])
        if outcome != case["outcome"]:
            surprises += 1
            print(f"{case['file']}: {outcome}, not {case['outcome']} ({case['why']})")
    print(f"{len(cases) - surprises} of {len(cases)} packs are what they should be")
    return 1 if surprises or not cases else 0


def show(path):
    content, name = read_pack(path.read_bytes())
    sizes = ", ".join(f"{key} {len(canonical(content[key]))}" for key in sorted(content))
    print(f"{path.name}: {name}\n  bytes of canonical JSON: {sizes}")


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--vectors":
        return check_vectors(Path(arguments[1]))
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for argument in arguments:
            show(Path(argument))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
